import { ArgumentError } from "../../runtime/index.js";
import { ops } from "../../tensor/index.js";
import type { Tensor } from "../../tensor/index.js";
import { codeOf, pair } from "./common.js";
import type { Size2 } from "./common.js";

/** Options of {@link interpolate}: exactly one of `size` and `scaleFactor`. */
export interface InterpolateArguments {
  /** Size of the output. */
  size?: Size2;
  /** Output size over input size (the output is rounded down). */
  scaleFactor?: number | readonly [number, number];
  /** Default "nearest". */
  mode?: "nearest" | "bilinear" | "bicubic";
  /** Whether corner pixels (instead of image borders) coincide; default false. */
  alignCorners?: boolean;
}

/**
 * Resizes images [B,C,H,W]. Coordinates follow from the two sizes (PyTorch's `recompute_scale_factor=True`).
 * Throws ArgumentError `invalid_argument` unless exactly one of `size` and `scaleFactor` is given.
 */
export function interpolate(x: Tensor, options: InterpolateArguments): Tensor {
  const mode = codeOf("interpolate", "mode", options.mode ?? "nearest", { nearest: 0, bilinear: 1, bicubic: 2 });
  if ((options.size === undefined) === (options.scaleFactor === undefined)) {
    throw new ArgumentError("interpolate: give either size or scaleFactor", "invalid_argument");
  }
  let size: [number, number];
  if (options.size !== undefined) size = pair("interpolate", "size", options.size, 1);
  else {
    const factor = options.scaleFactor ?? 1;
    const [fh, fw] = typeof factor === "number" ? [factor, factor] : factor;
    if (!(fh > 0) || !(fw > 0))
      throw new ArgumentError(
        `interpolate: scaleFactor is ${JSON.stringify(factor)}, expected numbers above 0`,
        "invalid_argument",
      );
    size = [Math.max(1, Math.floor((x.shape[2] ?? 1) * fh)), Math.max(1, Math.floor((x.shape[3] ?? 1) * fw))];
  }
  return ops.interpolate(x, size, mode, options.alignCorners ? 1 : 0);
}

/** Options of {@link gridSample}. */
export interface GridSampleArguments {
  /** Default "bilinear". */
  mode?: "bilinear" | "nearest" | "bicubic";
  /** What lies outside the image; default "zeros". */
  paddingMode?: "zeros" | "border" | "reflection";
  /** Whether -1 and 1 are the centres of the corner pixels; default false. */
  alignCorners?: boolean;
}

/** Samples x [B,C,H,W] at grid [B,h,w,2] of (x, y) in [-1, 1]; output [B,C,h,w]. */
export function gridSample(x: Tensor, grid: Tensor, options: GridSampleArguments = {}): Tensor {
  const mode = codeOf("gridSample", "mode", options.mode ?? "bilinear", { bilinear: 0, nearest: 1, bicubic: 2 });
  const border = codeOf("gridSample", "paddingMode", options.paddingMode ?? "zeros", {
    zeros: 0,
    border: 1,
    reflection: 2,
  });
  return ops.gridSample(x, grid, mode, border, options.alignCorners ? 1 : 0);
}

/** [B, C r^2, H, W] to [B, C, r H, r W]: channels become pixels. */
export function pixelShuffle(x: Tensor, factor: number): Tensor {
  return ops.pixelShuffle(x, factor);
}

/** [B, C, r H, r W] to [B, C r^2, H, W]: the inverse of {@link pixelShuffle}. */
export function pixelUnshuffle(x: Tensor, factor: number): Tensor {
  return ops.pixelUnshuffle(x, factor);
}
