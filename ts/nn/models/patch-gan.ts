import { checkTensor, freeKeptOnError, freeOnError } from "../../tensor/index.js";
import { checkFlag, checkNumber, checkOptions, LARGEST } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import { sharedWeights } from "../init.js";
import { BatchNorm2d, Conv2d, Identity, LeakyReLU, Sequential, Sigmoid, SpectralNorm } from "../layers/index.js";
import { Module } from "../module.js";
import { WEIGHT_OPTIONS } from "../types.js";
import type { Layer, WeightOptions } from "../types.js";

/** Options of {@link PatchGANDiscriminator}. */
export interface PatchGANDiscriminatorOptions extends WeightOptions {
  /** Channels of the input. Default: 3. */
  inputNc?: number;
  /** Channels after the first convolution. Default: 64. */
  ndf?: number;
  /** Number of hidden convolutions, at most 1000. Default: 3. */
  nLayers?: number;
  /** Whether a sigmoid ends the network. Default: false. */
  useSigmoid?: boolean;
  /** Whether batch norms follow the hidden convolutions. Default: true. */
  batchNorm?: boolean;
  /** Whether the hidden convolutions have a bias. Default: true. */
  bias?: boolean;
  /** Whether each weight is divided by its spectral norm; state names then end in weight_orig. Default: false. */
  spectralNorm?: boolean;
}

/**
 * Discriminator with one score for each patch of an image, `[B, inputNc, H, W]` to `[B, 1, h, w]`.
 *
 * State names: model.i. (Isola, Zhu, Zhou, Efros, "Image-to-image translation with conditional adversarial networks",
 * 2017, arXiv:1611.07004.)
 */
export class PatchGANDiscriminator extends Module {
  /** The layers. */
  readonly model: Sequential;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: PatchGANDiscriminatorOptions = {}) {
    super();
    const name = "PatchGANDiscriminator";
    checkOptions(name, options, [
      "inputNc",
      "ndf",
      "nLayers",
      "useSigmoid",
      "batchNorm",
      "bias",
      "spectralNorm",
      ...WEIGHT_OPTIONS,
    ]);
    const inputNc = checkNumber(name, "inputNc", options.inputNc ?? 3, { positive: true, integer: true });
    const ndf = checkNumber(name, "ndf", options.ndf ?? 64, { positive: true, integer: true });
    const nLayers = checkNumber(name, "nLayers", options.nLayers ?? 3, {
      positive: true,
      integer: true,
      max: LARGEST.layers,
    });
    const useSigmoid = checkFlag(name, "useSigmoid", options.useSigmoid, false);
    const batchNorm = checkFlag(name, "batchNorm", options.batchNorm, true);
    const hiddenBias = checkFlag(name, "bias", options.bias, true);
    const spectralNorm = checkFlag(name, "spectralNorm", options.spectralNorm, false);
    const weights = sharedWeights(options);
    const { rng: _, ...like } = weights;
    const conv = (inChannels: number, outChannels: number, stride: number, bias: boolean): Layer => {
      const layer = new Conv2d({ inChannels, outChannels, kernelSize: 4, stride, padding: 2, bias, ...weights });
      return spectralNorm ? new SpectralNorm({ layer, rng: weights.rng }) : layer;
    };

    this.model = freeKeptOnError(() => {
      const layers: Layer[] = [conv(inputNc, ndf, 2, true), new LeakyReLU({ negativeSlope: 0.2 })];
      let width = ndf;
      for (let n = 1; n <= nLayers; n++) {
        const next = ndf * Math.min(2 ** n, 8);
        layers.push(
          conv(width, next, n < nLayers ? 2 : 1, hiddenBias),
          batchNorm ? new BatchNorm2d({ numFeatures: next, ...like }) : new Identity(),
          new LeakyReLU({ negativeSlope: 0.2 }),
        );
        width = next;
      }
      layers.push(conv(width, 1, 1, true));
      if (useSigmoid) layers.push(new Sigmoid());
      return new Sequential(...layers);
    });
  }

  /** The score of each patch. */
  forward(x: Tensor): Tensor {
    checkTensor("PatchGANDiscriminator", "x", x);
    return freeOnError(() => this.model.forward(x));
  }
}
