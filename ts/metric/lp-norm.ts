import { distance, flattenImages } from "../functional/index.js";
import { checkFlag, checkNumber } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { Metric, type MetricOptions } from "./metric.js";
import { safePow } from "./quotient.js";

/** Options of {@link LpNorm}. */
export interface LpNormOptions extends MetricOptions {
  /** The exponent, positive. Default: 2. */
  p?: number;
  /** Counts only entries whose signs disagree. Default: false. */
  onesided?: boolean;
}

/**
 * The p-th power of the p-norm of the difference: `sum |xNet - x|^p` for each image (a sum, not a mean). The gradient
 * of an entry without a difference is zero, also for p < 1.
 *
 * With `onesided`, the consistency error of one-bit measurements, `sum max(0, -xNet x)^p`
 * (Jacques, Laska, Boufounos, Baraniuk, "Robust 1-bit compressive sensing", 2013).
 */
export class LpNorm extends Metric {
  readonly p: number;
  readonly onesided: boolean;

  constructor(options: LpNormOptions = {}) {
    super("LpNorm", options, ["p", "onesided"]);
    this.p = options.p ?? 2;
    this.onesided = checkFlag("LpNorm", "onesided", options.onesided, false);
    checkNumber("LpNorm", "p", this.p, { positive: true });
  }

  protected metric(xNet: Tensor, x: Tensor): Tensor {
    if (!this.onesided && this.p >= 1) return distance(xNet, x, { p: this.p });
    const apart = flattenImages(this.onesided ? xNet.mul(x).neg().relu() : xNet.sub(x).abs());
    return (this.p === 2 ? apart.square() : safePow(apart, this.p)).sum(1);
  }
}
