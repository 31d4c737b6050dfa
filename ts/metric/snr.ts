import { meanDistance, meanSquare } from "../functional/index.js";
import type { Tensor } from "../tensor/index.js";
import { Metric, type MetricOptions } from "./metric.js";

/** Signal-to-noise ratio in decibels: `10 log10(|x|^2 / |xNet - x|^2)` for each image. */
export class SNR extends Metric {
  override readonly lowerBetter: boolean = false;

  constructor(options: MetricOptions = {}) {
    super("SNR", options);
  }

  protected metric(xNet: Tensor, x: Tensor): Tensor {
    const signal = meanSquare(x);
    const noise = meanDistance(xNet, x, 2);
    return signal
      .log()
      .sub(noise.log())
      .mul(10 / Math.LN10);
  }
}
