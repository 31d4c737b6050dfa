import type { Metric } from "../metric/index.js";
import type { Reconstructor } from "../nn/index.js";
import type { RandomSource } from "../random/index.js";
import { ArgumentError, checkNumber, checkOptions } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { lossAssumptions } from "./assumptions.js";
import { Loss } from "./loss.js";
import type { ArgsOf } from "./pairing.js";
import { R2RModel } from "./r2r-model.js";
import type { SplittableNoise } from "./recorruption.js";
import { metricOption } from "./shared.js";

/** Options of {@link R2RLoss}. */
export interface R2RLossOptions {
  /** What compares `A(xNet)` and y2. Default: mean squared error. */
  metric?: Metric;
  /** Noise of the measurements: Gaussian, Poisson or Gamma. Default null: that of the physics. */
  noiseModel?: SplittableNoise | null;
  /** Share of the information kept from the network, between 0 and 1 (both excluded). Default 0.15. */
  alpha?: number;
  /** Corruptions averaged in evaluation. Default 5. */
  evalNSamples?: number;
  rng?: RandomSource;
}

/**
 * Recorrupted-to-recorrupted: splits y into two independent noisy copies and predicts one from the other.
 *
 * `metric(A R(y1), y2)`, `y2 = (y - (1 - alpha) y1) / alpha`. With the mean squared error its mean is
 * `|A R(y1) - A x|^2 / m` plus a constant: `sigma^2 / alpha` (Gaussian), `gain mean(A x) / alpha` (Poisson),
 * `mean((A x)^2) / (l alpha)` (Gamma). (Pang, Zheng, Quan, Ji, 2021; Monroy, Bacca, Tachella, 2025.)
 *
 * The model must be adapted: `model = loss.adaptModel(model)`, and xNet made with `updateParameters: true`. Poisson
 * measurements that are counts (`normalize: false`) are fitted as counts. Works for any operator.
 */
export class R2RLoss extends Loss {
  readonly name: string = "R2RLoss";
  readonly assumptions = lossAssumptions.R2RLoss;
  readonly metric: Metric;
  readonly noiseModel: SplittableNoise | null;
  readonly alpha: number;
  readonly evalNSamples: number;
  private readonly rng: RandomSource | undefined;

  /** @throws ArgumentError `unknown_option`, `invalid_argument` or `incompatible_physics`. */
  constructor(options: R2RLossOptions = {}) {
    super();
    checkOptions("R2RLoss", options, ["metric", "noiseModel", "alpha", "evalNSamples", "rng"]);
    this.metric = metricOption("R2RLoss", options.metric);
    this.noiseModel = options.noiseModel ?? null;
    if (this.noiseModel && !(this.assumptions.noise as readonly string[]).includes(this.noiseModel.kind)) {
      throw new ArgumentError(
        `R2RLoss: noiseModel must be a GaussianNoise, PoissonNoise or GammaNoise, got ${String(this.noiseModel.kind)}.`,
        "incompatible_physics",
      );
    }
    this.alpha = checkNumber("R2RLoss", "alpha", options.alpha ?? 0.15, { positive: true });
    if (this.alpha >= 1)
      throw new ArgumentError(`R2RLoss: alpha must be below 1, got ${this.alpha}.`, "invalid_argument");
    this.evalNSamples = checkNumber("R2RLoss", "evalNSamples", options.evalNSamples ?? 5, { integer: true, min: 1 });
    this.rng = options.rng;
  }

  forward(args: ArgsOf<"R2RLoss">): Tensor {
    this.check(args);
    const { xNet, y, physics } = args;
    const model: unknown = args.model;
    if (!(model instanceof R2RModel)) {
      throw new ArgumentError("R2RLoss: model must be the R2RModel that adaptModel returns.", "model_not_adapted");
    }
    const y1 = model.corruption();
    this.sameShape(y1, "the stored corrupted measurement", y, "y");
    const y2 = y.sub(y1.mul(1 - this.alpha)).div(this.alpha);
    return this.metric.forward(physics.A(xNet), y2);
  }

  /** The model that corrupts its input before it reconstructs; an adapted model comes back as it is. */
  override adaptModel(model: Reconstructor): R2RModel {
    if (model instanceof R2RModel) return model;
    const { alpha, evalNSamples, noiseModel, rng } = this;
    return new R2RModel(model, { alpha, evalNSamples, noiseModel, rng });
  }

  /** A noise model given as an option stands in for that of the physics. */
  protected override checkPhysics(physics: unknown): void {
    if (this.noiseModel === null) super.checkPhysics(physics);
  }
}
