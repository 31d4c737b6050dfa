import type { Metric } from "../metric/index.js";
import { checkModel, type Reconstructor } from "../nn/index.js";
import type { RandomSource } from "../random/index.js";
import { freeOnError, type Tensor } from "../tensor/index.js";
import type { ArgsOf } from "./args.js";
import { metricOption } from "./metric-option.js";
import { NamedLoss } from "./named-loss.js";
import { Noise2SelfModel } from "./noise2self-model.js";
import { flag, number, type OptionReaders, randomStream, readOptions } from "./options.js";
import { errorWithin } from "./splitting-masks.js";

/** Options of {@link Noise2SelfLoss}. */
export interface Noise2SelfLossOptions {
  /** Compares the prediction and the measurement at the hidden pixels. Default: mean squared error. */
  metric?: Metric;
  /** Period of the grids, from 2 to 16: one pixel of `width` x `width` is hidden at a time. Default: 4. */
  width?: number;
  /**
   * Whether in evaluation each pixel comes from a pass that did not see it, `width^2` passes; otherwise the network
   * sees the whole image, once. Default: true.
   */
  evalJInvariant?: boolean;
  /** Random stream, unless a call brings its own. */
  rng?: RandomSource;
}

const OPTIONS = {
  metric: metricOption,
  width: number(4, { integer: true, min: 2, max: 16 }),
  evalJInvariant: flag(true),
  rng: randomStream,
} satisfies OptionReaders<Noise2SelfLossOptions>;

/**
 * Noise2Self: divides the pixels into sets and predicts those of one set from all others (Batson, Royer, "Noise2Self:
 * Blind denoising by self-supervision", 2019, arXiv:1901.11365).
 *
 * `metric(1_J R(1_J s(y) + (1 - 1_J) y), 1_J y) / mean(1_J)`: J is a grid of period `width`, drawn for each image, and
 * s the mean of the eight neighbours. In the mean over J the squared error version is `|g(y) - y|^2 / n` with
 * `g(y) = sum_J 1_J R(1_J s(y) + (1 - 1_J) y)`, which is J-invariant: no pixel of g(y) depends on the same pixel of y,
 * nor on the others of its set. For noise of zero mean that is independent between pixels its mean is therefore
 * `|g(y) - x|^2 / n` plus the variance of the noise. In evaluation the adapted model returns g(y), of which this holds;
 * `evalJInvariant: false` returns `R(y)`, which is quicker and sees all of y.
 *
 * All channels of a pixel are in the same set. Measurements `[B, C, H, W]`.
 *
 * The model must be adapted: `model = loss.adaptModel(model)`, and xNet made with `updateParameters: true`.
 *
 * @returns shape `[B]` for a metric that keeps the batch.
 */
export class Noise2SelfLoss extends NamedLoss<"Noise2SelfLoss"> {
  readonly metric: Metric;
  readonly width: number;
  readonly evalJInvariant: boolean;
  readonly #rng: RandomSource | undefined;

  /** @throws ArgumentError `unknown_option` or `invalid_argument`. */
  constructor(options: Noise2SelfLossOptions = {}) {
    super("Noise2SelfLoss");
    const { metric, width, evalJInvariant, rng } = readOptions(this.name, options, OPTIONS);
    this.metric = metric;
    this.width = width;
    this.evalJInvariant = evalJInvariant;
    this.#rng = rng;
  }

  forward(args: ArgsOf<"Noise2SelfLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      const { xNet, y } = args;
      const mask = this.adapted(args.model, Noise2SelfModel).mask();
      this.sameShape(mask, "the stored mask of hidden pixels", y, "y");
      this.sameShape(xNet, "xNet", y, "y");
      return errorWithin(this.name, this.metric, mask, xNet, y);
    });
  }

  /** The model that hides one set of pixels at a time; an adapted model is returned unchanged. */
  override adaptModel(model: Reconstructor): Noise2SelfModel {
    checkModel(this.name, "model", model);
    if (model instanceof Noise2SelfModel) return model;
    const { width, evalJInvariant } = this;
    return new Noise2SelfModel(model, { width, evalJInvariant, rng: this.#rng });
  }
}
