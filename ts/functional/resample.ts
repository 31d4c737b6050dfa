import { ArgumentError, checkFlag, checkWord } from "../runtime/index.js";
import { ops } from "../tensor/index.js";
import type { Tensor } from "../tensor/index.js";
import { checkArguments, pair } from "./options.js";
import type { Size2 } from "./options.js";
import { INTERPOLATION_CODES, INTERPOLATIONS, OUTSIDE_CODES, OUTSIDES } from "./sampling.js";
import type { Interpolation, Outside } from "./sampling.js";

/** Options of {@link interpolate}: exactly one of `size` and `scaleFactor`. */
export interface InterpolateArguments {
  /** Size of the output. */
  size?: Size2;
  /** Size of the output over that of the input; the result is rounded down. */
  scaleFactor?: number | readonly [number, number];
  /** How values between pixels are found. Default: `"nearest"`. */
  mode?: Interpolation;
  /** Whether the corner pixels (instead of the image borders) coincide. Default: false. */
  alignCorners?: boolean;
}

/**
 * Resizes images, `[B, C, H, W]` to `[B, C, h, w]`; coordinates follow from the two sizes (PyTorch's
 * `recompute_scale_factor=True`).
 *
 * @throws ArgumentError `invalid_argument` unless exactly one of `size` and `scaleFactor` is given, `unknown_option`;
 * ShapeError `shape_mismatch`.
 */
export function interpolate(x: Tensor, options: InterpolateArguments): Tensor {
  checkArguments("interpolate", options, ["size", "scaleFactor", "mode", "alignCorners"]);
  const mode = checkWord("interpolate", "mode", options.mode ?? "nearest", INTERPOLATIONS);
  const alignCorners = checkFlag("interpolate", "alignCorners", options.alignCorners, false);
  return ops.interpolate(x, outputSize(x, options), INTERPOLATIONS.indexOf(mode), alignCorners);
}

function outputSize(x: Tensor, { size, scaleFactor }: InterpolateArguments): [number, number] {
  if ((size === undefined) === (scaleFactor === undefined))
    throw new ArgumentError("interpolate: give either size or scaleFactor.", "invalid_argument");
  if (size !== undefined) return pair("interpolate", "size", size, 1);
  const factor = scaleFactor ?? 1;
  const [fh, fw] = typeof factor === "number" ? [factor, factor] : factor;
  if (!(fh > 0) || !(fw > 0))
    throw new ArgumentError(
      `interpolate: scaleFactor is ${JSON.stringify(factor)}, expected numbers above 0.`,
      "invalid_argument",
    );
  return [Math.max(1, Math.floor((x.shape[2] ?? 1) * fh)), Math.max(1, Math.floor((x.shape[3] ?? 1) * fw))];
}

/** Options of {@link gridSample}. */
export interface GridSampleArguments {
  /** How values between pixels are found. Default: `"bilinear"`. */
  mode?: Interpolation;
  /** What lies outside the image. Default: `"zeros"`. */
  paddingMode?: Outside;
  /** Whether -1 and 1 are the centres of the corner pixels. Default: false. */
  alignCorners?: boolean;
}

/**
 * Samples images `[B, C, H, W]` at the points `(x, y)` in [-1, 1] of `grid` `[B, h, w, 2]`; the result is
 * `[B, C, h, w]`.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`, `unknown_option`.
 */
export function gridSample(x: Tensor, grid: Tensor, options: GridSampleArguments = {}): Tensor {
  checkArguments("gridSample", options, ["mode", "paddingMode", "alignCorners"]);
  const mode = checkWord("gridSample", "mode", options.mode ?? "bilinear", INTERPOLATIONS);
  const outside = checkWord("gridSample", "paddingMode", options.paddingMode ?? "zeros", OUTSIDES);
  const alignCorners = checkFlag("gridSample", "alignCorners", options.alignCorners, false);
  return ops.gridSample(x, grid, INTERPOLATION_CODES[mode], OUTSIDE_CODES[outside], alignCorners);
}

/** Channels become pixels: `[B, C r^2, H, W]` to `[B, C, r H, r W]` with `r = factor`. */
export function pixelShuffle(x: Tensor, factor: number): Tensor {
  return ops.pixelShuffle(x, factor);
}

/** The inverse of {@link pixelShuffle}: `[B, C, r H, r W]` to `[B, C r^2, H, W]` with `r = factor`. */
export function pixelUnshuffle(x: Tensor, factor: number): Tensor {
  return ops.pixelUnshuffle(x, factor);
}
