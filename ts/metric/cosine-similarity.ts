import { dot, safeSqrt } from "../functional/index.js";
import type { Tensor } from "../tensor/index.js";
import { Metric, type MetricOptions } from "./metric.js";

/** Cosine of the angle between two images: `<xNet, x> / (|xNet| |x|)`. With `trainLoss`: one minus it. */
export class CosineSimilarity extends Metric {
  override readonly lowerBetter: boolean = false;

  constructor(options: MetricOptions = {}) {
    super("CosineSimilarity", options);
  }

  protected metric(xNet: Tensor, x: Tensor): Tensor {
    const norm = (t: Tensor) => safeSqrt(dot(t, t)).clamp(1e-8, Infinity);
    return dot(xNet, x).div(norm(xNet).mul(norm(x)));
  }

  protected override invert(value: Tensor): Tensor {
    return value.neg().add(1);
  }
}
