import type { Metric } from "../metric/index.js";
import { checkOptions } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { lossAssumptions } from "./assumptions.js";
import { Loss } from "./loss.js";
import type { ArgsOf } from "./pairing.js";
import { metricOption } from "./shared.js";

/** Options of {@link MCLoss}. */
export interface MCLossOptions {
  /** What compares measurements. Default: mean squared error. */
  metric?: Metric;
}

/**
 * Measurement consistency: `metric(A(xNet), y)`, by default `|A(xNet) - y|^2 / m` for each image.
 *
 * Alone it is minimised by reproducing the noise: use it with another loss, or on noiseless measurements.
 */
export class MCLoss extends Loss {
  readonly name: string = "MCLoss";
  readonly assumptions = lossAssumptions.MCLoss;
  readonly metric: Metric;

  constructor(options: MCLossOptions = {}) {
    super();
    checkOptions("MCLoss", options, ["metric"]);
    this.metric = metricOption("MCLoss", options.metric);
  }

  forward(args: ArgsOf<"MCLoss">): Tensor {
    this.check(args);
    return this.metric.forward(args.physics.A(args.xNet), args.y);
  }
}
