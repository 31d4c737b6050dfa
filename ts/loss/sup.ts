import type { Metric } from "../metric/index.js";
import { checkOptions } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { lossAssumptions } from "./assumptions.js";
import { Loss } from "./loss.js";
import type { ArgsOf } from "./pairing.js";
import { metricOption } from "./shared.js";

/** Options of {@link SupLoss}. */
export interface SupLossOptions {
  /** What compares reconstruction and ground truth. Default: mean squared error. */
  metric?: Metric;
}

/** Supervised loss: `metric(xNet, x)`, by default `|xNet - x|^2 / n` for each image. Needs ground truth. */
export class SupLoss extends Loss {
  readonly name: string = "SupLoss";
  readonly assumptions = lossAssumptions.SupLoss;
  readonly metric: Metric;

  constructor(options: SupLossOptions = {}) {
    super();
    checkOptions("SupLoss", options, ["metric"]);
    this.metric = metricOption("SupLoss", options.metric);
  }

  forward(args: ArgsOf<"SupLoss">): Tensor {
    this.check(args);
    return this.metric.forward(args.xNet, args.x);
  }
}
