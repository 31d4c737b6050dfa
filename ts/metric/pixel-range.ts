import { imageDims } from "../functional/index.js";
import { ArgumentError, checkNumber } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import type { MetricOptions } from "./metric.js";

/** Options of the metrics that depend on the range of pixel values. */
export interface PixelRangeOptions extends MetricOptions {
  /** Largest possible pixel value; null takes the maximum of each reference image. Default: 1. */
  maxPixel?: number | null;
  /** Smallest possible pixel value; null takes the minimum of each reference image. Default: 0. */
  minPixel?: number | null;
}

/** The range of pixel values, fixed or taken from each reference image. */
export class PixelRange {
  readonly max: number | null;
  readonly min: number | null;

  constructor(name: string, options: PixelRangeOptions) {
    this.max = options.maxPixel === undefined ? 1 : options.maxPixel;
    this.min = options.minPixel === undefined ? 0 : options.minPixel;
    if (this.max !== null) checkNumber(name, "maxPixel", this.max);
    if (this.min !== null) checkNumber(name, "minPixel", this.min);
    if (this.max !== null && this.min !== null && this.max <= this.min) {
      throw new ArgumentError(
        `${name}: maxPixel must be larger than minPixel, got ${this.max} and ${this.min}.`,
        "invalid_argument",
      );
    }
  }

  /** 1 where the range of a reference is positive, 0 where it is empty: `[B]`; undefined for a fixed range. */
  positive(x: Tensor): Tensor | undefined {
    const range = this.of(x);
    return typeof range === "number" ? undefined : range.gt(0);
  }

  /** `maxPixel - minPixel`: a number, or a tensor `[B]` (without gradient) where it depends on the image. */
  of(x: Tensor): number | Tensor {
    if (this.max !== null && this.min !== null) return this.max - this.min;
    const reference = x.detach();
    const dims = imageDims(reference);
    if (this.max !== null) return reference.min(dims).neg().add(this.max);
    const max = reference.max(dims);
    return max.sub(this.min ?? reference.min(dims));
  }
}
