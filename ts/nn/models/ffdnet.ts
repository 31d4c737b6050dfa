import { checkFlag, checkNumber, checkOptions, LARGEST } from "../../runtime/index.js";
import { cat, checkTensor, freeKeptOnError, freeOnError } from "../../tensor/index.js";
import type { Tensor } from "../../tensor/index.js";
import { pixelShuffle, pixelUnshuffle } from "../../functional/index.js";
import { scaledNormal, sharedWeights } from "../init.js";
import { BatchNorm2d, Conv2d, InstanceNorm2d, ReLU, Sequential } from "../layers/index.js";
import { Module } from "../module.js";
import { WEIGHT_OPTIONS } from "../types.js";
import type { Condition, Layer, ReconstructOptions, WeightOptions } from "../types.js";
import { checkImages, checkNorm, noiseLevelMap, replicateTo } from "./noise-level-map.js";

/** Options of {@link FFDNet}. */
export interface FFDNetOptions extends WeightOptions {
  /** Number of convolutions, 2 to 1000. Default: 15. */
  nConvLayers?: number;
  /** Channels between the convolutions. Default: 64. */
  nf?: number;
  /** Channels of the image. Default: 1. */
  imgChannels?: number;
  /** Whether the input is added to the output. Default: false. */
  residualDenoising?: boolean;
  /** The normalisation after each convolution but the first and the last. Default: null, none. */
  norm?: "instance_norm" | "batch_norm" | null;
  /** Whether kernels begin with the variance of orthogonal ones of gain 0.2, or with PyTorch's. Default: true. */
  orthogonalInit?: boolean;
  /** Whether the last convolution has a bias. Default: true. */
  lastConvBias?: boolean;
}

/**
 * The FFDNet denoiser, `[B, imgChannels, H, W]` and a noise level to the same shape: `nConvLayers` 3 x 3 convolutions
 * with ReLU on the four half-resolution images of the input and of the standard deviation of the noise at each pixel.
 *
 * Odd sides are extended by replication and cropped again. State names: blocks.i.0, of the last convolution blocks.i.
 * (Zhang, Zuo, Zhang, "FFDNet: Toward a fast and flexible solution for CNN-based image denoising", 2018,
 * arXiv:1710.04026.)
 */
export class FFDNet extends Module {
  /** The convolutions. */
  readonly blocks: Sequential;
  /** Channels of the image. */
  readonly imgChannels: number;
  /** Whether the input is added to the output. */
  readonly residualDenoising: boolean;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: FFDNetOptions = {}) {
    super();
    const name = "FFDNet";
    const keys = ["nConvLayers", "nf", "imgChannels", "residualDenoising", "norm", "orthogonalInit", "lastConvBias"];
    checkOptions(name, options, [...keys, ...WEIGHT_OPTIONS]);
    const whole = { positive: true, integer: true };
    const depth = checkNumber(name, "nConvLayers", options.nConvLayers ?? 15, {
      integer: true,
      min: 2,
      max: LARGEST.layers,
    });
    const nf = checkNumber(name, "nf", options.nf ?? 64, whole);
    this.imgChannels = checkNumber(name, "imgChannels", options.imgChannels ?? 1, whole);
    this.residualDenoising = checkFlag(name, "residualDenoising", options.residualDenoising, false);
    const norm = checkNorm(name, options.norm ?? null, ["instance_norm", "batch_norm"]);
    const orthogonal = checkFlag(name, "orthogonalInit", options.orthogonalInit, true);
    const lastBias = checkFlag(name, "lastConvBias", options.lastConvBias, true);
    const weights = sharedWeights(options);
    const { rng: _, ...like } = weights;
    const conv = (inChannels: number, outChannels: number, bias = true): Conv2d => {
      const layer = new Conv2d({ inChannels, outChannels, kernelSize: 3, padding: 1, bias, ...weights });
      if (orthogonal) layer.weight.assign_(scaledNormal(layer.weight.shape, 0.2, weights));
      return layer;
    };
    const normalised = (): Layer[] => {
      if (norm === null) return [];
      return [new (norm === "batch_norm" ? BatchNorm2d : InstanceNorm2d)({ numFeatures: nf, ...like })];
    };
    this.blocks = freeKeptOnError(
      () =>
        new Sequential(
          new Sequential(conv(4 * (this.imgChannels + 1), nf), new ReLU()),
          ...Array.from({ length: depth - 2 }, () => new Sequential(conv(nf, nf), ...normalised(), new ReLU())),
          conv(nf, 4 * this.imgChannels, lastBias),
        ),
    );
  }

  /**
   * The cleaned image.
   *
   * @param condition The standard deviation of the noise: a number, a tensor `[]`, `[B]` or `[B, 1, H, W]`, or a
   * physics whose noise has one.
   * @throws ArgumentError `missing_argument` without a noise level; ShapeError `shape_mismatch`.
   */
  forward(y: Tensor, condition?: Condition, _options?: ReconstructOptions): Tensor {
    checkTensor("FFDNet", "y", y);
    return freeOnError(() => {
      const [, , height, width] = checkImages("FFDNet", y, this.imgChannels);
      const noisy = replicateTo(cat([y, noiseLevelMap("FFDNet", y, condition)], 1), 2);
      const even = pixelShuffle(this.blocks.forward(pixelUnshuffle(noisy, 2)), 2);
      const isEven = even.shape[2] === height && even.shape[3] === width;
      const clean = isEven ? even : even.slice([0, 0, 0, 0], [undefined, undefined, height, width]);
      return this.residualDenoising ? clean.add(y) : clean;
    });
  }
}
