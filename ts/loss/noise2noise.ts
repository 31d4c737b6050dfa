import type { Metric } from "../metric/index.js";
import { freeOnError, type Tensor } from "../tensor/index.js";
import type { ArgsOf } from "./args.js";
import { metricOption } from "./metric-option.js";
import { NamedLoss } from "./named-loss.js";
import { type OptionReaders, readOptions } from "./options.js";

/** Options of {@link Noise2NoiseLoss}. */
export interface Noise2NoiseLossOptions {
  /** Compares the reconstruction and the second noisy image. Default: mean squared error. */
  metric?: Metric;
}

const OPTIONS = { metric: metricOption } satisfies OptionReaders<Noise2NoiseLossOptions>;

/**
 * Noise2Noise: predicts one noisy image from another one of the same scene (Lehtinen, Munkberg, Hasselgren, Laine,
 * Karras, Aittala, Aila, "Noise2Noise: Learning image restoration without clean data", 2018, arXiv:1803.04189).
 *
 * `metric(R(y), x)`, where y and x are two noisy images of one scene s: data sets give them as `{ y, x }`, x being here
 * the second noisy image. Where the noise of x has zero mean given s and is independent of that of y, the mean of the
 * squared error version is `|R(y) - s|^2 / n` plus the variance of the noise of x. The noise may be correlated between
 * pixels. Other metrics have another optimum: the absolute error the median of x, for instance.
 *
 * Shapes `[B, C, H, W]`.
 *
 * @returns shape `[B]` for a metric that keeps the batch.
 */
export class Noise2NoiseLoss extends NamedLoss<"Noise2NoiseLoss"> {
  readonly metric: Metric;

  /** @throws ArgumentError `unknown_option` or `invalid_argument`. */
  constructor(options: Noise2NoiseLossOptions = {}) {
    super("Noise2NoiseLoss");
    this.metric = readOptions(this.name, options, OPTIONS).metric;
  }

  forward(args: ArgsOf<"Noise2NoiseLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      return this.metric.forward(args.xNet, args.x);
    });
  }
}
