import { checkWord } from "../runtime/index.js";
import { ops } from "../tensor/index.js";
import type { Tensor } from "../tensor/index.js";
import { checkArguments } from "./options.js";
import { INTERPOLATION_CODES, INTERPOLATIONS, OUTSIDE_CODES, OUTSIDES } from "./sampling.js";
import type { Interpolation, Outside } from "./sampling.js";

/** A 3 x 3 matrix in row-major order. */
export type Matrix3 = readonly [number, number, number, number, number, number, number, number, number];

/** Options of {@link warp}. */
export interface WarpArguments {
  /** Height and width of the result. */
  size: readonly [number, number];
  /** How values between pixels are found. Default: `"bilinear"`. */
  mode?: Interpolation;
  /** What lies outside the image. Default: `"zeros"`. */
  paddingMode?: Outside;
}

/**
 * Images `[B, C, H, W]` seen through projective maps, one for all or one for each: pixel `(column, row, 1)` of the
 * result is the pixel of `x` that its matrix maps it to.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`, `unknown_option`.
 */
export function warp(x: Tensor, maps: readonly Matrix3[], options: WarpArguments): Tensor {
  checkArguments("warp", options, ["size", "mode", "paddingMode"]);
  const mode = checkWord("warp", "mode", options.mode ?? "bilinear", INTERPOLATIONS);
  const outside = checkWord("warp", "paddingMode", options.paddingMode ?? "zeros", OUTSIDES);
  return ops.warp(x, options.size, INTERPOLATION_CODES[mode], OUTSIDE_CODES[outside], maps.flat());
}
