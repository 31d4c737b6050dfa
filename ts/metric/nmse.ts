import { meanDistance, meanSquare } from "../functional/index.js";
import { ArgumentError, shown } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { Metric, type MetricOptions } from "./metric.js";
import { quotient } from "./quotient.js";

/** Options of {@link NMSE} and NRMSE. */
export interface NMSEOptions extends MetricOptions {
  /** What the error is divided by: `"l2"`, the squared norm of the reference. Default: `"l2"`. */
  method?: "l2";
}

/** Normalised mean squared error: `|xNet - x|^2 / |x|^2` for each image. A reference of zeros is left out (NaN). */
export class NMSE extends Metric {
  constructor(options: NMSEOptions = {}, name = "NMSE") {
    super(name, options, ["method"]);
    if (options.method !== undefined && options.method !== "l2") {
      throw new ArgumentError(`${name}: method must be "l2", got ${shown(options.method)}.`, "invalid_argument");
    }
  }

  protected metric(xNet: Tensor, x: Tensor): Tensor {
    return quotient(meanDistance(xNet, x, 2), meanSquare(x));
  }

  protected override definedFor(x: Tensor): Tensor {
    return meanSquare(x).ne(0);
  }
}
