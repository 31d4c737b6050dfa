import { meanDistance, meanSquare } from "../functional/index.js";
import type { Tensor } from "../tensor/index.js";
import { Metric, type MetricOptions } from "./metric.js";
import { quotient } from "./quotient.js";

/**
 * Signal-to-noise ratio in decibels: `10 log10(|x|^2 / |xNet - x|^2)` for each image.
 *
 * At most 140 dB, the value of equal images, where the gradient is zero: in float32, rounding x alone is an error of
 * that size. A reference of zeros is left out (NaN).
 */
export class SNR extends Metric {
  override readonly lowerBetter: boolean = false;

  constructor(options: MetricOptions = {}) {
    super("SNR", options);
  }

  protected metric(xNet: Tensor, x: Tensor): Tensor {
    return quotient(meanDistance(xNet, x, 2), meanSquare(x))
      .clamp(1e-14, Infinity)
      .log()
      .mul(-10 / Math.LN10);
  }

  protected override definedFor(x: Tensor): Tensor {
    return meanSquare(x).ne(0);
  }
}
