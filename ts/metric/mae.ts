import { meanDistance } from "../functional/index.js";
import type { Tensor } from "../tensor/index.js";
import { Metric, type MetricOptions } from "./metric.js";

/** Mean absolute error: `|xNet - x|_1 / n` for each image of n entries. */
export class MAE extends Metric {
  constructor(options: MetricOptions = {}) {
    super("MAE", options);
  }

  protected metric(xNet: Tensor, x: Tensor): Tensor {
    return meanDistance(xNet, x, 1);
  }
}
