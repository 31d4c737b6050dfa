import { checkTensor } from "../../tensor/index.js";
import { checkFlag, checkOptions } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import { adaptiveAvgPool2d, avgPool2d, maxPool2d, pair } from "../../functional/index.js";
import type { AvgPoolArguments, MaxPoolArguments, PoolArguments, Size2 } from "../../functional/index.js";
import { Module } from "../module.js";

/** The window of a pooling layer. */
interface Window {
  /** Size of the window. */
  kernelSize: Size2;
}

function checkSteps(caller: string, { stride, padding }: PoolArguments): void {
  pair(caller, "stride", stride ?? 1, 1);
  pair(caller, "padding", padding ?? 0);
}

/**
 * Largest value in each window, `[B, C, H, W]` to `[B, C, H', W']`; the options are `kernelSize` and those of
 * `functional.maxPool2d`.
 */
export class MaxPool2d extends Module {
  /** The options as given. */
  readonly options: Readonly<MaxPoolArguments & Window>;

  constructor(options: MaxPoolArguments & Window) {
    super();
    checkOptions("MaxPool2d", options, ["kernelSize", "stride", "padding", "dilation"]);
    pair("MaxPool2d", "kernelSize", options.kernelSize, 1);
    checkSteps("MaxPool2d", options);
    pair("MaxPool2d", "dilation", options.dilation ?? 1, 1);
    this.options = options;
  }

  /** The pooled images. */
  forward(x: Tensor): Tensor {
    checkTensor("MaxPool2d", "x", x);
    const { kernelSize, ...options } = this.options;
    return maxPool2d(x, kernelSize, options);
  }
}

/**
 * Mean of each window, `[B, C, H, W]` to `[B, C, H', W']`; the options are `kernelSize` and those of
 * `functional.avgPool2d`.
 */
export class AvgPool2d extends Module {
  /** The options as given. */
  readonly options: Readonly<AvgPoolArguments & Window>;

  constructor(options: AvgPoolArguments & Window) {
    super();
    checkOptions("AvgPool2d", options, ["kernelSize", "stride", "padding", "countIncludePad"]);
    checkFlag("AvgPool2d", "countIncludePad", options.countIncludePad, true);
    pair("AvgPool2d", "kernelSize", options.kernelSize, 1);
    checkSteps("AvgPool2d", options);
    this.options = options;
  }

  /** The pooled images. */
  forward(x: Tensor): Tensor {
    checkTensor("AvgPool2d", "x", x);
    const { kernelSize, ...options } = this.options;
    return avgPool2d(x, kernelSize, options);
  }
}

/** Means over windows that give an output of size `outputSize`, `[B, C, H, W]` to `[B, C, h, w]`. */
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
    checkTensor("AdaptiveAvgPool2d", "x", x);
    return adaptiveAvgPool2d(x, this.outputSize);
  }
}
