import { ops } from "../../tensor/index.js";
import type { Tensor } from "../../tensor/index.js";
import { pair } from "./common.js";
import type { Size2 } from "./common.js";

/** Options of the pooling windows. */
export interface PoolArguments {
  /** Step of the window; default the window's size. */
  stride?: Size2;
  /** Border on each side; default 0. */
  padding?: Size2;
}

/** Largest value in each window. [B,C,H,W] to [B,C,H',W']; the border counts as minus infinity. */
export function maxPool2d(x: Tensor, kernelSize: Size2, options: PoolArguments & { dilation?: Size2 } = {}): Tensor {
  return ops.maxPool2d(
    x,
    pair("maxPool2d", "kernelSize", kernelSize, 1),
    pair("maxPool2d", "stride", options.stride ?? kernelSize, 1),
    pair("maxPool2d", "padding", options.padding ?? 0),
    pair("maxPool2d", "dilation", options.dilation ?? 1, 1),
  );
}

/** Mean of each window. [B,C,H,W] to [B,C,H',W']; `countIncludePad` (default true) counts the zeros of the border. */
export function avgPool2d(
  x: Tensor,
  kernelSize: Size2,
  options: PoolArguments & { countIncludePad?: boolean } = {},
): Tensor {
  return ops.avgPool2d(
    x,
    pair("avgPool2d", "kernelSize", kernelSize, 1),
    pair("avgPool2d", "stride", options.stride ?? kernelSize, 1),
    pair("avgPool2d", "padding", options.padding ?? 0),
    (options.countIncludePad ?? true) ? 1 : 0,
  );
}

/**
 * Means over as many windows as needed for an output of size `outputSize`: window i covers floor(i H/h) to ceil((i+1)
 * H/h).
 */
export function adaptiveAvgPool2d(x: Tensor, outputSize: Size2): Tensor {
  return ops.adaptiveAvgPool2d(x, pair("adaptiveAvgPool2d", "outputSize", outputSize, 1));
}
