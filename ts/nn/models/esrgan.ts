import { checkTensor, freeKeptOnError, freeOnError } from "../../tensor/index.js";
import { ArgumentError, checkNumber, checkOptions, checkList, LARGEST } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import { sharedWeights } from "../init.js";
import { BatchNorm2d, Conv2d, LeakyReLU, Sequential } from "../layers/index.js";
import { Module } from "../module.js";
import { WEIGHT_OPTIONS } from "../types.js";
import type { Layer, WeightOptions } from "../types.js";

/** Options of {@link ESRGANDiscriminator}. */
export interface ESRGANDiscriminatorOptions extends WeightOptions {
  /** Shape `[C, H, W]` of an input image. */
  imgSize: readonly number[];
  /** Channels at each resolution. Default: 64, 128, 256, 512. */
  filters?: readonly number[];
}

/**
 * The ESRGAN discriminator, `[B, C, H, W]` to `[B, 1, H / 2^n, W / 2^n]` (rounded up) with n filters: two convolutions
 * at each resolution, the second halving it.
 *
 * State names: model.i. (Wang et al., "ESRGAN: enhanced super-resolution generative adversarial networks", 2018,
 * arXiv:1809.00219.)
 */
export class ESRGANDiscriminator extends Module {
  /** The layers. */
  readonly model: Sequential;
  /** Shape `[1, h, w]` of the output for one image (rounded down, as in deepinv). */
  readonly outputShape: readonly number[];

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: ESRGANDiscriminatorOptions) {
    super();
    const name = "ESRGANDiscriminator";
    checkOptions(name, options, ["imgSize", "filters", ...WEIGHT_OPTIONS]);
    if (!Array.isArray(options?.imgSize) || options.imgSize.length !== 3)
      throw new ArgumentError(`${name}: imgSize must be [channels, height, width].`, "invalid_argument");
    const [channels, ...spatial] = options.imgSize as readonly number[];
    const filters = checkList(name, "filters", options.filters ?? [64, 128, 256, 512], LARGEST.scales);
    for (const [i, next] of filters.entries())
      checkNumber(name, `filters[${i}]`, next, { positive: true, integer: true });
    if (filters.length === 0)
      throw new ArgumentError(
        `${name}: filters is empty, expected one number of channels for each resolution.`,
        "invalid_argument",
      );
    this.outputShape = [1, ...spatial.map((n) => Math.floor(n / 2 ** filters.length))];
    const weights = sharedWeights(options);
    const { rng: _, ...like } = weights;
    const conv = (inChannels: number, outChannels: number, stride: number): Conv2d =>
      new Conv2d({ inChannels, outChannels, kernelSize: 3, stride, padding: 1, ...weights });

    let width = checkNumber(name, "imgSize[0]", channels, { positive: true, integer: true });
    this.model = freeKeptOnError(() => {
      const layers: Layer[] = [];
      filters.forEach((next, i) => {
        layers.push(conv(width, next, 1));
        if (i > 0) layers.push(new BatchNorm2d({ numFeatures: next, ...like }));
        layers.push(
          new LeakyReLU({ negativeSlope: 0.2 }),
          conv(next, next, 2),
          new BatchNorm2d({ numFeatures: next, ...like }),
          new LeakyReLU({ negativeSlope: 0.2 }),
        );
        width = next;
      });
      layers.push(conv(width, 1, 1));
      return new Sequential(...layers);
    });
  }

  /** The score of each patch. */
  forward(x: Tensor): Tensor {
    checkTensor("ESRGANDiscriminator", "x", x);
    return freeOnError(() => this.model.forward(x));
  }
}
