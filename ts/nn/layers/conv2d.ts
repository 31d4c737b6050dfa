import { checkTensor, freeKeptOnError, freeOnError } from "../../tensor/index.js";
import { ArgumentError, checkFlag, checkNumber, checkOptions, checkWord } from "../../runtime/index.js";
import type { PadMode, Tensor } from "../../tensor/index.js";
import { conv2d, pair } from "../../functional/index.js";
import type { Conv2dArguments, Size2 } from "../../functional/index.js";
import { defaultWeights, fanIn, sharedWeights, uniformWeights } from "../init.js";
import { Module } from "../module.js";
import { WEIGHT_OPTIONS } from "../types.js";
import type { WeightOptions } from "../types.js";

/** Options of {@link Conv2d}. */
export interface Conv2dOptions extends WeightOptions {
  /** Channels of the input. */
  inChannels: number;
  /** Channels of the output. */
  outChannels: number;
  /** Size of the window. */
  kernelSize: Size2;
  /** Step of the window. Default: 1. */
  stride?: Size2;
  /** Border on each side; `"same"` keeps the size (stride 1), `"valid"` means 0. Default: 0. */
  padding?: Size2 | "same" | "valid";
  /** Spacing of the taps. Default: 1. */
  dilation?: Size2;
  /** Number of channel groups that do not mix. Default: 1. */
  groups?: number;
  /** Whether a bias is added. Default: true. */
  bias?: boolean;
  /** How the border is filled. Default: `"zeros"`. */
  paddingMode?: "zeros" | Exclude<PadMode, "constant">;
}

/**
 * Convolution layer, `y = weight * x + bias` (a cross-correlation; see `functional.conv2d`): `[B, inChannels, H, W]` to
 * `[B, outChannels, H', W']`.
 *
 * Weight `[outChannels, inChannels / groups, kh, kw]` and bias `[outChannels]` are initialised uniformly on
 * `+-1 / sqrt(inChannels / groups kh kw)`, as in PyTorch.
 */
export class Conv2d extends Module {
  /** Kernel `[outChannels, inChannels / groups, kh, kw]`. */
  readonly weight: Tensor;
  /** Bias `[outChannels]`, or null. */
  readonly bias: Tensor | null;
  /** The options with their defaults filled in. */
  readonly options: Readonly<Required<Omit<Conv2dOptions, keyof WeightOptions>>>;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: Conv2dOptions) {
    super();
    const name = "Conv2d";
    checkOptions(name, options, [
      "inChannels",
      "outChannels",
      "kernelSize",
      "stride",
      "padding",
      "dilation",
      "groups",
      "bias",
      "paddingMode",
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
    const kernel = pair(name, "kernelSize", options.kernelSize, 1);
    const padding = options.padding ?? 0;
    const paddingMode = options.paddingMode ?? "zeros";
    checkWord(name, "paddingMode", paddingMode, ["zeros", "reflect", "replicate", "circular"]);
    if (typeof padding !== "string") pair(name, "padding", padding);
    this.options = {
      inChannels,
      outChannels,
      kernelSize: kernel,
      groups,
      padding,
      paddingMode,
      stride: pair(name, "stride", options.stride ?? 1, 1),
      dilation: pair(name, "dilation", options.dilation ?? 1, 1),
      bias: checkFlag(name, "bias", options.bias, true),
    };
    const weights = sharedWeights(options);
    const shape = [outChannels, inChannels / groups, ...kernel];
    [this.weight, this.bias] = freeKeptOnError(() => [
      this.registerParameter("weight", defaultWeights(shape, weights)),
      this.options.bias
        ? this.registerParameter("bias", uniformWeights([outChannels], 1 / Math.sqrt(fanIn(shape)), weights))
        : null,
    ]);
  }

  /** The convolution of `x`. */
  forward(x: Tensor): Tensor {
    checkTensor("Conv2d", "x", x);
    return this.rectified(x, 1);
  }

  /** {@link forward} and a leaky ReLU of slope `negativeSlope` in one pass. */
  rectified(x: Tensor, negativeSlope: number): Tensor {
    checkTensor("Conv2d", "x", x);
    const { stride, padding, dilation, groups, paddingMode } = this.options;
    const shared: Conv2dArguments = { bias: this.bias, stride, dilation, groups, negativeSlope, mixed: true };
    if (paddingMode === "zeros" || padding === "valid") return conv2d(x, this.weight, { ...shared, padding });
    return freeOnError(() => {
      const padded = x.pad([0, 0, 0, 0, ...this.#border()], { mode: paddingMode });
      return conv2d(padded, this.weight, shared);
    });
  }

  /** Rows added above and below, and columns left and right, by a mode other than zeros. */
  #border(): [number, number, number, number] {
    const { padding, dilation, kernelSize } = this.options;
    if (typeof padding !== "string") {
      const [h, w] = pair("Conv2d", "padding", padding);
      return [h, h, w, w];
    }
    const [dh, dw] = pair("Conv2d", "dilation", dilation);
    const [kh, kw] = pair("Conv2d", "kernelSize", kernelSize);
    const [h, w] = [dh * (kh - 1), dw * (kw - 1)];
    return [Math.floor(h / 2), Math.ceil(h / 2), Math.floor(w / 2), Math.ceil(w / 2)];
  }
}
