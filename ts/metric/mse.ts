import { meanDistance } from "../functional/index.js";
import type { Tensor } from "../tensor/index.js";
import { Metric, type MetricOptions } from "./metric.js";

/** Mean squared error: `|xNet - x|^2 / n` for each image of n entries. */
export class MSE extends Metric {
  constructor(options: MetricOptions = {}) {
    super("MSE", options);
  }

  protected metric(xNet: Tensor, x: Tensor): Tensor {
    return meanDistance(xNet, x, 2);
  }
}
