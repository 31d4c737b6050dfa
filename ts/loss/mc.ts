import { freeOnError } from "../tensor/index.js";
import type { Metric } from "../metric/index.js";
import type { Tensor } from "../tensor/index.js";
import type { ArgsOf } from "./args.js";
import { metricOption } from "./metric-option.js";
import { NamedLoss } from "./named-loss.js";
import { type OptionReaders, readOptions } from "./options.js";

/** Options of {@link MCLoss}. */
export interface MCLossOptions {
  /** Compares measurements. Default: mean squared error. */
  metric?: Metric;
}

const OPTIONS = { metric: metricOption } satisfies OptionReaders<MCLossOptions>;

/**
 * Measurement consistency: `metric(A(xNet), y)`, by default `|A(xNet) - y|^2 / m` for each image.
 *
 * Alone it is minimised by reproducing the noise: use it with another loss, or on noiseless measurements.
 */
export class MCLoss extends NamedLoss<"MCLoss"> {
  readonly metric: Metric;

  /** @throws ArgumentError `unknown_option` or `invalid_argument`. */
  constructor(options: MCLossOptions = {}) {
    super("MCLoss");
    this.metric = readOptions(this.name, options, OPTIONS).metric;
  }

  forward(args: ArgsOf<"MCLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      return this.metric.forward(args.physics.A(args.xNet), args.y);
    });
  }
}
