import { checkTensor, freeKeptOnError, freeOnError } from "../../tensor/index.js";
import { ArgumentError, checkNumber, checkOptions, shown } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import { sharedWeights } from "../init.js";
import { BatchNorm2d, Conv2d, ConvTranspose2d, LeakyReLU, ReLU, Sequential, Sigmoid, Tanh } from "../layers/index.js";
import { Module } from "../module.js";
import { WEIGHT_OPTIONS } from "../types.js";
import type { Layer, WeightOptions } from "../types.js";

/** Options of {@link DCGANDiscriminator}. */
export interface DCGANDiscriminatorOptions extends WeightOptions {
  /** Channels after the first convolution. Default: 64. */
  ndf?: number;
  /** Channels of the input. Default: 3. */
  nc?: number;
}

/**
 * The DCGAN discriminator for images of 64 x 64 pixels, `[B, nc, 64, 64]` to `[B, 1, 1, 1]` in (0, 1).
 *
 * State names: model.i. (Radford, Metz, Chintala, "Unsupervised representation learning with deep convolutional
 * generative adversarial networks", 2015, arXiv:1511.06434.)
 */
export class DCGANDiscriminator extends Module {
  /** The layers. */
  readonly model: Sequential;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: DCGANDiscriminatorOptions = {}) {
    super();
    checkOptions("DCGANDiscriminator", options, ["ndf", "nc", ...WEIGHT_OPTIONS]);
    const ndf = checkNumber("DCGANDiscriminator", "ndf", options.ndf ?? 64, { positive: true, integer: true });
    const nc = checkNumber("DCGANDiscriminator", "nc", options.nc ?? 3, { positive: true, integer: true });
    const weights = sharedWeights(options);
    const { rng: _, ...like } = weights;
    const halve = (inChannels: number, outChannels: number): Conv2d =>
      new Conv2d({ inChannels, outChannels, kernelSize: 4, stride: 2, padding: 1, bias: false, ...weights });
    this.model = freeKeptOnError(() => {
      const layers: Layer[] = [halve(nc, ndf), new LeakyReLU({ negativeSlope: 0.2 })];
      for (const k of [1, 2, 4])
        layers.push(
          halve(ndf * k, ndf * 2 * k),
          new BatchNorm2d({ numFeatures: ndf * 2 * k, ...like }),
          new LeakyReLU({ negativeSlope: 0.2 }),
        );
      layers.push(
        new Conv2d({ inChannels: ndf * 8, outChannels: 1, kernelSize: 4, bias: false, ...weights }),
        new Sigmoid(),
      );
      return new Sequential(...layers);
    });
  }

  /** The probability that each image is real. */
  forward(x: Tensor): Tensor {
    checkTensor("DCGANDiscriminator", "x", x);
    return freeOnError(() => this.model.forward(x));
  }
}

/** Options of {@link DCGANGenerator}. */
export interface DCGANGeneratorOptions extends WeightOptions {
  /** Side of the image. Default: 64. */
  outputSize?: 64 | 128;
  /** Size of the latent vector. Default: 100. */
  nz?: number;
  /** Channels before the last layer. Default: 64. */
  ngf?: number;
  /** Channels of the image. Default: 3. */
  nc?: number;
}

/**
 * The DCGAN generator, transposed convolutions from a latent vector `[B, nz, 1, 1]` to an image
 * `[B, nc, outputSize, outputSize]` in (-1, 1).
 *
 * State names: model.i. (Radford, Metz, Chintala, 2015, arXiv:1511.06434.)
 */
export class DCGANGenerator extends Module {
  /** The layers. */
  readonly model: Sequential;
  /** Size of the latent vector. */
  readonly nz: number;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: DCGANGeneratorOptions = {}) {
    super();
    const name = "DCGANGenerator";
    checkOptions(name, options, ["outputSize", "nz", "ngf", "nc", ...WEIGHT_OPTIONS]);
    const outputSize: number = options.outputSize ?? 64;
    if (outputSize !== 64 && outputSize !== 128)
      throw new ArgumentError(`${name}: outputSize is ${shown(outputSize)}, expected 64 or 128.`, "invalid_argument");
    this.nz = checkNumber(name, "nz", options.nz ?? 100, { positive: true, integer: true });
    const ngf = checkNumber(name, "ngf", options.ngf ?? 64, { positive: true, integer: true });
    const nc = checkNumber(name, "nc", options.nc ?? 3, { positive: true, integer: true });
    const weights = sharedWeights(options);
    const { rng: _, ...like } = weights;
    this.model = freeKeptOnError(() => {
      const layers: Layer[] = [];
      let width = this.nz;
      for (const k of outputSize === 64 ? [8, 4, 2, 1] : [16, 8, 4, 2, 1]) {
        // The first layer makes 4 x 4 pixels from one; each of the others doubles the side.
        const [stride, padding] = layers.length === 0 ? [1, 0] : [2, 1];
        layers.push(
          new ConvTranspose2d({
            inChannels: width,
            outChannels: ngf * k,
            kernelSize: 4,
            stride,
            padding,
            bias: false,
            ...weights,
          }),
          new BatchNorm2d({ numFeatures: ngf * k, ...like }),
          new ReLU(),
        );
        width = ngf * k;
      }
      layers.push(
        new ConvTranspose2d({
          inChannels: width,
          outChannels: nc,
          kernelSize: 4,
          stride: 2,
          padding: 1,
          bias: false,
          ...weights,
        }),
        new Tanh(),
      );
      return new Sequential(...layers);
    });
  }

  /** The image of a latent vector. */
  forward(z: Tensor): Tensor {
    checkTensor("DCGANGenerator", "z", z);
    return freeOnError(() => this.model.forward(z));
  }
}
