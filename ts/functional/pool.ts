import { checkFlag } from "../runtime/index.js";
import { ops } from "../tensor/index.js";
import type { Tensor } from "../tensor/index.js";
import { checkArguments, pair } from "./options.js";
import type { Size2 } from "./options.js";

/** Options of the pooling windows. */
export interface PoolArguments {
  /** Step of the window. Default: the size of the window. */
  stride?: Size2;
  /** Border on each side. Default: 0. */
  padding?: Size2;
}

/** Options of {@link maxPool2d}. */
export interface MaxPoolArguments extends PoolArguments {
  /** Spacing of the pixels in a window. Default: 1. */
  dilation?: Size2;
}

/** Options of {@link avgPool2d}. */
export interface AvgPoolArguments extends PoolArguments {
  /** Whether the zeros of the border count. Default: true. */
  countIncludePad?: boolean;
}

/**
 * Largest value in each window, `[B, C, H, W]` to `[B, C, H', W']`; the border counts as minus infinity.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`, `unknown_option`.
 */
export function maxPool2d(x: Tensor, kernelSize: Size2, options: MaxPoolArguments = {}): Tensor {
  checkArguments("maxPool2d", options, ["stride", "padding", "dilation"]);
  return ops.maxPool2d(
    x,
    pair("maxPool2d", "kernelSize", kernelSize, 1),
    pair("maxPool2d", "stride", options.stride ?? kernelSize, 1),
    pair("maxPool2d", "padding", options.padding ?? 0),
    pair("maxPool2d", "dilation", options.dilation ?? 1, 1),
  );
}

/**
 * Mean of each window, `[B, C, H, W]` to `[B, C, H', W']`.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`, `unknown_option`.
 */
export function avgPool2d(x: Tensor, kernelSize: Size2, options: AvgPoolArguments = {}): Tensor {
  checkArguments("avgPool2d", options, ["stride", "padding", "countIncludePad"]);
  return ops.avgPool2d(
    x,
    pair("avgPool2d", "kernelSize", kernelSize, 1),
    pair("avgPool2d", "stride", options.stride ?? kernelSize, 1),
    pair("avgPool2d", "padding", options.padding ?? 0),
    checkFlag("avgPool2d", "countIncludePad", options.countIncludePad, true),
  );
}

/**
 * Means over windows that give an output of size `[h, w]`: window `i` covers `floor(i H / h)` to
 * `ceil((i + 1) H / h)`. `[B, C, H, W]` to `[B, C, h, w]`.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`.
 */
export function adaptiveAvgPool2d(x: Tensor, outputSize: Size2): Tensor {
  return ops.adaptiveAvgPool2d(x, pair("adaptiveAvgPool2d", "outputSize", outputSize, 1));
}
