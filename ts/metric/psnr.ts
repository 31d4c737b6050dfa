import { meanDistance } from "../functional/index.js";
import type { Tensor } from "../tensor/index.js";
import { Metric } from "./metric.js";
import { PixelRange, type PixelRangeOptions } from "./pixel-range.js";
import { quotient } from "./quotient.js";

/**
 * Peak signal-to-noise ratio in decibels, for each image.
 *
 * `-10 log10(MSE / (maxPixel - minPixel)^2 + 1e-8)`: equal images have 80 dB. With `trainLoss` its negative, which has
 * a gradient. With a range taken from the reference, one whose range is empty (a flat image) is left out (NaN).
 */
export class PSNR extends Metric {
  override readonly lowerBetter: boolean = false;
  readonly #range: PixelRange;

  constructor(options: PixelRangeOptions = {}) {
    super("PSNR", options, ["maxPixel", "minPixel"]);
    this.#range = new PixelRange("PSNR", options);
  }

  protected metric(xNet: Tensor, x: Tensor): Tensor {
    const range = this.#range.of(x);
    const error = meanDistance(xNet, x, 2);
    const relative = typeof range === "number" ? error.div(range * range) : quotient(error, range.square());
    return relative
      .add(1e-8)
      .log()
      .mul(-10 / Math.LN10);
  }

  protected override definedFor(x: Tensor): Tensor | undefined {
    return this.#range.positive(x);
  }
}
