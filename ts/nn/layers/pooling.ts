import { checkOptions } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import { adaptiveAvgPool2d, avgPool2d, maxPool2d } from "../functional/index.js";
import type { PoolArguments, Size2 } from "../functional/index.js";
import { pair } from "../functional/common.js";
import { Module } from "../module.js";

/**
 * Largest value in each window. [B,C,H,W] to [B,C,H',W']. Options: `kernelSize`, `stride` (default the window),
 * `padding` 0, `dilation` 1.
 */
export class MaxPool2d extends Module {
  /** The options as given. */
  readonly options: Readonly<PoolArguments & { kernelSize: Size2; dilation?: Size2 }>;

  constructor(options: PoolArguments & { kernelSize: Size2; dilation?: Size2 }) {
    super();
    checkOptions("MaxPool2d", options, ["kernelSize", "stride", "padding", "dilation"]);
    pair("MaxPool2d", "kernelSize", options.kernelSize, 1);
    this.options = options;
  }

  /** The pooled images. */
  forward(x: Tensor): Tensor {
    return maxPool2d(x, this.options.kernelSize, this.options);
  }
}

/**
 * Mean of each window. [B,C,H,W] to [B,C,H',W']. Options: `kernelSize`, `stride` (default the window), `padding` 0,
 * `countIncludePad` true.
 */
export class AvgPool2d extends Module {
  /** The options as given. */
  readonly options: Readonly<PoolArguments & { kernelSize: Size2; countIncludePad?: boolean }>;

  constructor(options: PoolArguments & { kernelSize: Size2; countIncludePad?: boolean }) {
    super();
    checkOptions("AvgPool2d", options, ["kernelSize", "stride", "padding", "countIncludePad"]);
    pair("AvgPool2d", "kernelSize", options.kernelSize, 1);
    this.options = options;
  }

  /** The pooled images. */
  forward(x: Tensor): Tensor {
    return avgPool2d(x, this.options.kernelSize, this.options);
  }
}

/** Means over windows chosen so that the output has size `outputSize`. [B,C,H,W] to [B,C,h,w]. */
export class AdaptiveAvgPool2d extends Module {
  /** Size of the output. */
  readonly outputSize: Size2;

  constructor(options: { outputSize: Size2 }) {
    super();
    checkOptions("AdaptiveAvgPool2d", options, ["outputSize"]);
    this.outputSize = pair("AdaptiveAvgPool2d", "outputSize", options.outputSize, 1);
  }

  /** The pooled images. */
  forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.outputSize);
  }
}
