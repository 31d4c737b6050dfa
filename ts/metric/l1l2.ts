import { meanDistance } from "../functional/index.js";
import { checkNumber } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { Metric, type MetricOptions } from "./metric.js";

/** Options of {@link L1L2}. */
export interface L1L2Options extends MetricOptions {
  /** Weight of the absolute error, between 0 and 1. Default 0.5. */
  alpha?: number;
}

/** Mixture of absolute and squared error: `alpha MAE + (1 - alpha) MSE` for each image. */
export class L1L2 extends Metric {
  readonly alpha: number;

  constructor(options: L1L2Options = {}) {
    super("L1L2", options, ["alpha"]);
    this.alpha = options.alpha ?? 0.5;
    checkNumber("L1L2", "alpha", this.alpha, { min: 0, max: 1 });
  }

  protected metric(xNet: Tensor, x: Tensor): Tensor {
    return meanDistance(xNet, x, 1)
      .mul(this.alpha)
      .add(meanDistance(xNet, x, 2).mul(1 - this.alpha));
  }
}
