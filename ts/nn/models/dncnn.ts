import { checkTensor, freeKeptOnError, freeOnError, inTurn } from "../../tensor/index.js";
import { checkFlag, checkNumber, checkOptions, LARGEST } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import { kaimingNormal, sharedWeights } from "../init.js";
import { Conv2d } from "../layers/index.js";
import { rectified } from "../layers/rectified.js";
import { Module } from "../module.js";
import { WEIGHT_OPTIONS } from "../types.js";
import type { Condition, ReconstructOptions, WeightOptions } from "../types.js";

/** Options of {@link DnCNN}. */
export interface DnCNNOptions extends WeightOptions {
  /** Channels of the input. Default: 3. */
  inChannels?: number;
  /** Channels of the output; with 1 input or output channel the residual is broadcast. Default: 3. */
  outChannels?: number;
  /** Number of convolutions, 2 to 1000. Default: 20. */
  depth?: number;
  /** Channels between the convolutions. Default: 64. */
  nf?: number;
  /** Whether the convolutions have a bias. Default: true. */
  bias?: boolean;
}

/**
 * The DnCNN denoiser without batch norm, `R(y) = y + f(y)`, where f is `depth` 3 x 3 convolutions with ReLU between
 * them: `[B, inChannels, H, W]` to `[B, outChannels, H, W]`.
 *
 * State names: in_conv, conv_list.i, out_conv. Kaiming normal initialisation of the kernels, as in deepinv without
 * pretrained weights. (Zhang, Zuo, Chen, Meng, Zhang, "Beyond a Gaussian denoiser", 2017, arXiv:1608.03981.)
 */
export class DnCNN extends Module {
  /** First convolution. */
  readonly inConv: Conv2d;
  /** The depth - 2 convolutions in the middle. */
  readonly convList: readonly Conv2d[];
  /** Last convolution. */
  readonly outConv: Conv2d;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: DnCNNOptions = {}) {
    super();
    checkOptions("DnCNN", options, ["inChannels", "outChannels", "depth", "nf", "bias", ...WEIGHT_OPTIONS]);
    const depth = checkNumber("DnCNN", "depth", options.depth ?? 20, { min: 2, integer: true, max: LARGEST.layers });
    const nf = checkNumber("DnCNN", "nf", options.nf ?? 64, { positive: true, integer: true });
    const inChannels = checkNumber("DnCNN", "inChannels", options.inChannels ?? 3, { positive: true, integer: true });
    const outChannels = checkNumber("DnCNN", "outChannels", options.outChannels ?? 3, {
      positive: true,
      integer: true,
    });
    const bias = checkFlag("DnCNN", "bias", options.bias, true);
    const weights = sharedWeights(options);
    const conv = (from: number, to: number): Conv2d => {
      const layer = new Conv2d({
        inChannels: from,
        outChannels: to,
        kernelSize: 3,
        padding: 1,
        bias,
        ...weights,
      });
      layer.weight.assign_(kaimingNormal(layer.weight.shape, weights));
      return layer;
    };
    [this.inConv, this.convList, this.outConv] = freeKeptOnError(() => [
      conv(inChannels, nf),
      Array.from({ length: depth - 2 }, () => conv(nf, nf)),
      conv(nf, outChannels),
    ]);
  }

  /** The denoised image; the noise level or physics, if given, is ignored. */
  forward(y: Tensor, _condition?: Condition, _options?: ReconstructOptions): Tensor {
    checkTensor("DnCNN", "y", y);
    const hidden = [this.inConv, ...this.convList].map((conv) => (x: Tensor) => rectified(conv, x));
    return freeOnError(() => inTurn(y, [...hidden, (x) => this.outConv.forward(x).add(y)]));
  }
}
