import { distance, safeSqrt } from "../functional/index.js";
import { ArgumentError, ShapeError, checkNumber } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { Metric, type MetricOptions } from "./metric.js";
import { quotient } from "./quotient.js";

/** Options of {@link ERGAS}. */
export interface ERGASOptions extends MetricOptions {
  /** Ratio of the resolutions, as in the pansharpening operator. */
  factor: number;
}

/**
 * Relative global error of multispectral images (Wald, 2000):
 * `100 / factor * sqrt(mean over channels of (RMSE_c / mean(x_c))^2)` for each image `[C, H, W]`.
 *
 * The mean is over the channels whose reference has a mean that is not 0. A reference without one is left out (NaN).
 */
export class ERGAS extends Metric {
  readonly factor: number;

  constructor(options: ERGASOptions) {
    super("ERGAS", options, ["factor"]);
    if (options?.factor === undefined) {
      throw new ArgumentError(
        "ERGAS: factor is missing; it is the ratio of the resolutions, such as 4.",
        "missing_argument",
      );
    }
    this.factor = options.factor;
    checkNumber("ERGAS", "factor", this.factor, { positive: true });
  }

  protected metric(xNet: Tensor, x: Tensor): Tensor {
    if (x.shape.length !== 4) {
      throw new ShapeError(
        `ERGAS: images must have shape [B, C, H, W], got [${x.shape.join(", ")}].`,
        "shape_mismatch",
      );
    }
    const squaredError = distance(xNet, x, { p: 2, batchDims: 2 }).div((x.shape[2] as number) * (x.shape[3] as number));
    const means = x.mean([2, 3]);
    const relative = quotient(squaredError, means.square());
    return safeSqrt(quotient(relative.sum(1), means.detach().ne(0).sum(1))).mul(100 / this.factor);
  }

  protected override definedFor(x: Tensor): Tensor {
    return x.mean([2, 3]).ne(0).max(1);
  }
}
