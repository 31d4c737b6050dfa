import { checkTensor } from "../tensor/index.js";
import type { PadMode, Tensor } from "../tensor/index.js";
import { checkArguments } from "./options.js";

/** Options of {@link pad}. */
export interface PadArguments {
  /** How the border is filled. Default: `"constant"`. */
  mode?: PadMode;
  /** The constant. Default: 0. */
  value?: number;
}

/**
 * Pads every axis, as {@link Tensor.pad}: `widths` holds (before, after) of each axis, the first axis first, as
 * `numpy.pad` (PyTorch counts from the last). A border of one pixel around images `[B, C, H, W]` is
 * `[0, 0, 0, 0, 1, 1, 1, 1]`.
 *
 * @throws ArgumentError `invalid_argument`, `unknown_option`.
 */
export function pad(x: Tensor, widths: readonly number[], options: PadArguments = {}): Tensor {
  checkArguments("pad", options, ["mode", "value"]);
  return checkTensor("pad", "x", x).pad(widths, options);
}
