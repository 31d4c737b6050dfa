import type { Tensor } from "../tensor/index.js";
import { Metric, type MetricOptions } from "./metric.js";
import { flattenImages, safeSqrt } from "./preprocess.js";

/** Cosine of the angle between two images: `<xNet, x> / (|xNet| |x|)`. With `trainLoss`: one minus it. */
export class CosineSimilarity extends Metric {
  override readonly lowerBetter: boolean = false;

  constructor(options: MetricOptions = {}) {
    super("CosineSimilarity", options);
  }

  protected metric(xNet: Tensor, x: Tensor): Tensor {
    const [a, b] = [flattenImages(xNet), flattenImages(x)];
    const norm = (t: Tensor) => safeSqrt(t.square().sum(1)).clamp(1e-8, Infinity);
    return a.mul(b).sum(1).div(norm(a).mul(norm(b)));
  }

  protected override invert(value: Tensor): Tensor {
    return value.neg().add(1);
  }
}
