import { checkModel } from "../nn/index.js";
import { freeOnError } from "../tensor/index.js";
import { LARGEST } from "../runtime/index.js";
import type { Metric } from "../metric/index.js";
import type { Reconstructor } from "../nn/index.js";
import type { RandomSource } from "../random/index.js";
import type { Tensor } from "../tensor/index.js";
import type { ArgsOf } from "./args.js";
import { metricOption } from "./metric-option.js";
import { NamedLoss } from "./named-loss.js";
import { fraction, number, type OptionReaders, randomStream, readOptions } from "./options.js";
import { R2RModel } from "./r2r-model.js";
import { noiseOption, type SplittableNoise } from "./splittable-noise.js";

/** Options of {@link R2RLoss}. */
export interface R2RLossOptions {
  /** Compares `A(xNet)` and y2. Default: mean squared error. */
  metric?: Metric;
  /** Noise of the measurements: Gaussian, Poisson or Gamma. Default: null, that of the physics. */
  noiseModel?: SplittableNoise | null;
  /** Share of the information kept from the network, between 0 and 1 (both excluded). Default: 0.15. */
  alpha?: number;
  /** Corruptions averaged in evaluation, at most 65536. Default: 5. */
  evalNSamples?: number;
  /** Random stream, unless a call brings its own. */
  rng?: RandomSource;
}

const OPTIONS = {
  metric: metricOption,
  noiseModel: noiseOption,
  alpha: fraction(0.15),
  evalNSamples: number(5, { integer: true, min: 1, max: LARGEST.batch }),
  rng: randomStream,
} satisfies OptionReaders<R2RLossOptions>;

/**
 * Recorrupted-to-recorrupted: splits y into two independent noisy copies and predicts one from the other.
 *
 * `metric(A R(y1), y2)`, `y2 = (y - (1 - alpha) y1) / alpha`. With the mean squared error its mean is
 * `|A R(y1) - A x|^2 / m` plus a constant: `sigma^2 / alpha` (Gaussian), `gain mean(A x) / alpha` (Poisson),
 * `mean((A x)^2) / (l alpha)` (Gamma). (Pang, Zheng, Quan, Ji, "Recorrupted-to-recorrupted: unsupervised deep learning
 * for image denoising", 2021; Monroy, Bacca, Tachella, "Generalized recorrupted-to-recorrupted: self-supervised
 * learning beyond Gaussian noise", 2025, arXiv:2412.04648.)
 *
 * The model must be adapted: `model = loss.adaptModel(model)`, and xNet made with `updateParameters: true`. Poisson
 * measurements that are counts (`normalize: false`) are fitted as counts. Works for any operator.
 *
 * @returns shape `[B]` for a metric that keeps the batch.
 */
export class R2RLoss extends NamedLoss<"R2RLoss"> {
  readonly metric: Metric;
  readonly noiseModel: SplittableNoise | null;
  readonly alpha: number;
  readonly evalNSamples: number;
  readonly #rng: RandomSource | undefined;

  /** @throws ArgumentError `unknown_option`, `invalid_argument` or `incompatible_physics`. */
  constructor(options: R2RLossOptions = {}) {
    super("R2RLoss");
    const { metric, noiseModel, alpha, evalNSamples, rng } = readOptions(this.name, options, OPTIONS);
    this.metric = metric;
    this.noiseModel = noiseModel;
    this.alpha = alpha;
    this.evalNSamples = evalNSamples;
    this.#rng = rng;
  }

  forward(args: ArgsOf<"R2RLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      const { xNet, y, physics } = args;
      const y1 = this.adapted(args.model, R2RModel).corruption();
      this.sameShape(y1, "the stored corrupted measurement", y, "y");
      const y2 = y.sub(y1.mul(1 - this.alpha)).div(this.alpha);
      return this.metric.forward(physics.A(xNet), y2);
    });
  }

  /** The model that corrupts its input before it reconstructs; an adapted model is returned unchanged. */
  override adaptModel(model: Reconstructor): R2RModel {
    checkModel(this.name, "model", model);
    if (model instanceof R2RModel) return model;
    const { alpha, evalNSamples, noiseModel } = this;
    return new R2RModel(model, { alpha, evalNSamples, noiseModel, rng: this.#rng });
  }

  /** The option `noiseModel` replaces the noise of the physics. */
  override checkPhysics(physics: unknown): void {
    if (this.noiseModel === null) super.checkPhysics(physics);
  }
}
