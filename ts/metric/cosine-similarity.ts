import { dot, safeSqrt } from "../functional/index.js";
import type { Tensor } from "../tensor/index.js";
import { Metric, type MetricOptions } from "./metric.js";
import { quotient } from "./quotient.js";

/**
 * Cosine of the angle between two images: `<xNet, x> / (|xNet| |x|)`. With `trainLoss`: one minus it.
 *
 * An image of zeros has no direction: where xNet or x is one, the value is 0 and the gradient zero.
 */
export class CosineSimilarity extends Metric {
  override readonly lowerBetter: boolean = false;

  constructor(options: MetricOptions = {}) {
    super("CosineSimilarity", options);
  }

  protected metric(xNet: Tensor, x: Tensor): Tensor {
    const norm = (t: Tensor) => safeSqrt(dot(t, t));
    return quotient(quotient(dot(xNet, x), norm(xNet)), norm(x));
  }

  protected override invert(value: Tensor): Tensor {
    return value.neg().add(1);
  }
}
