import { checkNumber, checkOptions } from "../../runtime/index.js";
import type { DeviceName, DType } from "../../runtime/index.js";
import { checkTensor, freeKeptOnError, freeOnError, ones, zeros } from "../../tensor/index.js";
import type { Tensor } from "../../tensor/index.js";
import { layerNorm } from "../../functional/index.js";
import { Module } from "../module.js";
import { checkChannels } from "./batch-norm2d.js";

/** Options of {@link LayerNorm2d}. */
export interface LayerNorm2dOptions {
  /** Number of channels C. */
  numChannels: number;
  /** Added to the variance. Default: 1e-6. */
  eps?: number;
  /** Element type of the weights. Default: `"float32"`. */
  dtype?: DType;
  /** Device of the weights. Default: the current device. */
  device?: DeviceName;
}

/**
 * Layer normalisation of each pixel, `[B, C, H, W]` to the same: its channels are shifted and scaled to mean 0 and
 * variance 1 (biased), then `y = weight x + bias` for each channel, with weight and bias `[C]`. (Ba, Kiros, Hinton,
 * "Layer normalization", 2016, arXiv:1607.06450.)
 */
export class LayerNorm2d extends Module {
  /** Scale `[C]`. */
  readonly weight: Tensor;
  /** Shift `[C]`. */
  readonly bias: Tensor;
  /** Number of channels. */
  readonly numChannels: number;
  /** Added to the variance. */
  readonly eps: number;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: LayerNorm2dOptions) {
    super();
    checkOptions("LayerNorm2d", options, ["numChannels", "eps", "dtype", "device"]);
    this.numChannels = checkNumber("LayerNorm2d", "numChannels", options.numChannels, {
      positive: true,
      integer: true,
    });
    this.eps = checkNumber("LayerNorm2d", "eps", options.eps ?? 1e-6, { min: 0 });
    const like = { ...(options.dtype && { dtype: options.dtype }), ...(options.device && { device: options.device }) };
    [this.weight, this.bias] = freeKeptOnError(() => [
      this.registerParameter("weight", ones([this.numChannels], like)),
      this.registerParameter("bias", zeros([this.numChannels], like)),
    ]);
  }

  /** The normalised images. */
  forward(x: Tensor): Tensor {
    checkTensor("LayerNorm2d", "x", x);
    return freeOnError(() => {
      checkChannels("LayerNorm2d", x, this.numChannels);
      return layerNorm(x, { weight: this.weight, bias: this.bias, eps: this.eps });
    });
  }
}
