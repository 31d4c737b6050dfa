import { freeOnError } from "../tensor/index.js";
import type { Metric } from "../metric/index.js";
import type { Tensor } from "../tensor/index.js";
import type { ArgsOf } from "./args.js";
import { metricOption } from "./metric-option.js";
import { NamedLoss } from "./named-loss.js";
import { type OptionReaders, readOptions } from "./options.js";

/** Options of {@link SupLoss}. */
export interface SupLossOptions {
  /** Compares reconstruction and ground truth. Default: mean squared error. */
  metric?: Metric;
}

const OPTIONS = { metric: metricOption } satisfies OptionReaders<SupLossOptions>;

/** Supervised loss: `metric(xNet, x)`, by default `|xNet - x|^2 / n` for each image. Needs ground truth. */
export class SupLoss extends NamedLoss<"SupLoss"> {
  readonly metric: Metric;

  /** @throws ArgumentError `unknown_option` or `invalid_argument`. */
  constructor(options: SupLossOptions = {}) {
    super("SupLoss");
    this.metric = readOptions(this.name, options, OPTIONS).metric;
  }

  forward(args: ArgsOf<"SupLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      return this.metric.forward(args.xNet, args.x);
    });
  }
}
