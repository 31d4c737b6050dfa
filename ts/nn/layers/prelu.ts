import { checkNumber, checkOptions, ShapeError } from "../../runtime/index.js";
import type { DeviceName, DType } from "../../runtime/index.js";
import { checkTensor, freeOnError, full } from "../../tensor/index.js";
import type { Tensor } from "../../tensor/index.js";
import { Module } from "../module.js";

/** Options of {@link PReLU}. */
export interface PReLUOptions {
  /** Number of slopes: one for all channels, or one for each. Default: 1. */
  numParameters?: number;
  /** The initial slope. Default: 0.25. */
  init?: number;
  /** Element type of the weights. Default: `"float32"`. */
  dtype?: DType;
  /** Device of the weights. Default: the current device. */
  device?: DeviceName;
}

/**
 * `x` where positive, else `weight x`, with a trained slope for all channels or for each, `[B, C, ...]` to the same.
 * State: weight `[numParameters]`. (He, Zhang, Ren, Sun, "Delving deep into rectifiers", 2015, arXiv:1502.01852.)
 */
export class PReLU extends Module {
  /** Slopes below zero. */
  readonly weight: Tensor;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: PReLUOptions = {}) {
    super();
    checkOptions("PReLU", options, ["numParameters", "init", "dtype", "device"]);
    const count = checkNumber("PReLU", "numParameters", options.numParameters ?? 1, { positive: true, integer: true });
    const init = checkNumber("PReLU", "init", options.init ?? 0.25);
    const like = { ...(options.dtype && { dtype: options.dtype }), ...(options.device && { device: options.device }) };
    this.weight = this.registerParameter("weight", full([count], init, like));
  }

  /**
   * The activation of each element.
   *
   * @throws ShapeError `shape_mismatch` where there is a slope for each channel and the channels are others.
   */
  forward(x: Tensor): Tensor {
    checkTensor("PReLU", "x", x);
    return freeOnError(() => {
      const count = this.weight.size;
      if (count > 1 && x.shape[1] !== count) {
        throw new ShapeError(
          `PReLU: input has shape [${x.shape.join(", ")}], expected [batch, ${count}, ...].`,
          "shape_mismatch",
        );
      }
      const slopes = this.weight.reshape(count === 1 ? [1] : [count, ...x.shape.slice(2).map(() => 1)]);
      // At 0 the gradient is the slope's, as of a leaky ReLU: of the two terms only the second has one there.
      return x.relu().add(x.minimum(0).mul(slopes));
    });
  }
}
