import { safeSqrt } from "../functional/index.js";
import type { Tensor } from "../tensor/index.js";
import { NMSE, type NMSEOptions } from "./nmse.js";

/**
 * Normalised root mean squared error: `|xNet - x| / |x|` for each image, the square root of NMSE. A reference of zeros
 * is left out (NaN); the gradient at `xNet = x` is zero.
 */
export class NRMSE extends NMSE {
  constructor(options: NMSEOptions = {}) {
    super(options, "NRMSE");
  }

  protected override metric(xNet: Tensor, x: Tensor): Tensor {
    return safeSqrt(super.metric(xNet, x));
  }
}
