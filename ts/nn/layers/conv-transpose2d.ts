import { checkTensor, freeKeptOnError } from "../../tensor/index.js";
import { ArgumentError, checkFlag, checkNumber, checkOptions } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import { convTranspose2d, pair } from "../../functional/index.js";
import type { Size2 } from "../../functional/index.js";
import { defaultWeights, fanIn, sharedWeights, uniformWeights } from "../init.js";
import { Module } from "../module.js";
import { WEIGHT_OPTIONS } from "../types.js";
import type { WeightOptions } from "../types.js";

/** Options of {@link ConvTranspose2d}. */
export interface ConvTranspose2dOptions extends WeightOptions {
  /** Channels of the input. */
  inChannels: number;
  /** Channels of the output. */
  outChannels: number;
  /** Size of the window. */
  kernelSize: Size2;
  /** Step between the copies of the kernel. Default: 1. */
  stride?: Size2;
  /** Rows and columns cut from each side. Default: 0. */
  padding?: Size2;
  /** Rows and columns added at the end. Default: 0. */
  outputPadding?: Size2;
  /** Spacing of the taps. Default: 1. */
  dilation?: Size2;
  /** Number of channel groups that do not mix. Default: 1. */
  groups?: number;
  /** Whether a bias is added. Default: true. */
  bias?: boolean;
}

/**
 * Transposed convolution layer, the adjoint of a convolution in its input (see `functional.convTranspose2d`):
 * `[B, inChannels, H, W]` to `[B, outChannels, H', W']` with `H' = (H - 1) s - 2 p + d (kh - 1) + outputPadding + 1`.
 *
 * Weight `[inChannels, outChannels / groups, kh, kw]` and bias `[outChannels]` are initialised as in PyTorch.
 */
export class ConvTranspose2d extends Module {
  /** Kernel `[inChannels, outChannels / groups, kh, kw]`. */
  readonly weight: Tensor;
  /** Bias `[outChannels]`, or null. */
  readonly bias: Tensor | null;
  /** The options with their defaults filled in. */
  readonly options: Readonly<Required<Omit<ConvTranspose2dOptions, keyof WeightOptions>>>;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: ConvTranspose2dOptions) {
    super();
    const name = "ConvTranspose2d";
    checkOptions(name, options, [
      "inChannels",
      "outChannels",
      "kernelSize",
      "stride",
      "padding",
      "outputPadding",
      "dilation",
      "groups",
      "bias",
      ...WEIGHT_OPTIONS,
    ]);
    const inChannels = checkNumber(name, "inChannels", options.inChannels, { positive: true, integer: true });
    const outChannels = checkNumber(name, "outChannels", options.outChannels, { positive: true, integer: true });
    const groups = checkNumber(name, "groups", options.groups ?? 1, { positive: true, integer: true });
    if (inChannels % groups !== 0 || outChannels % groups !== 0) {
      throw new ArgumentError(
        `${name}: ${groups} groups do not divide ${inChannels} input and ${outChannels} output channels.`,
        "invalid_argument",
      );
    }
    const kernelSize = pair(name, "kernelSize", options.kernelSize, 1);
    this.options = {
      inChannels,
      outChannels,
      kernelSize,
      groups,
      bias: checkFlag(name, "bias", options.bias, true),
      stride: pair(name, "stride", options.stride ?? 1, 1),
      padding: pair(name, "padding", options.padding ?? 0),
      outputPadding: pair(name, "outputPadding", options.outputPadding ?? 0),
      dilation: pair(name, "dilation", options.dilation ?? 1, 1),
    };
    const weights = sharedWeights(options);
    const shape = [inChannels, outChannels / groups, ...kernelSize];
    [this.weight, this.bias] = freeKeptOnError(() => [
      this.registerParameter("weight", defaultWeights(shape, weights)),
      this.options.bias
        ? this.registerParameter("bias", uniformWeights([outChannels], 1 / Math.sqrt(fanIn(shape)), weights))
        : null,
    ]);
  }

  /** The transposed convolution of `x`. */
  forward(x: Tensor): Tensor {
    checkTensor("ConvTranspose2d", "x", x);
    const { stride, padding, outputPadding, dilation, groups } = this.options;
    return convTranspose2d(x, this.weight, {
      bias: this.bias,
      stride,
      padding,
      outputPadding,
      dilation,
      groups,
      mixed: true,
    });
  }
}
