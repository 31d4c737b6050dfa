import { ArgumentError, checkFlag, checkNumber, checkOptions, checkWord, LARGEST, shown } from "../../runtime/index.js";
import { checkTensor, freeKeptOnError, freeOnError } from "../../tensor/index.js";
import type { Tensor } from "../../tensor/index.js";
import { sharedWeights } from "../init.js";
import {
  BatchNorm2d,
  Conv2d,
  ELU,
  GELU,
  Identity,
  InstanceNorm2d,
  LayerNorm2d,
  LeakyReLU,
  PixelShuffle,
  PReLU,
  ReLU,
  Sequential,
  SiLU,
} from "../layers/index.js";
import { Module } from "../module.js";
import { WEIGHT_OPTIONS } from "../types.js";
import type { Condition, Layer, ReconstructOptions, WeightOptions } from "../types.js";
import { checkImages, checkNorm } from "./noise-level-map.js";

/** Options of {@link SRResNet}. */
export interface SRResNetOptions extends WeightOptions {
  /** Residual blocks, 0 to 1000. Default: 16. */
  numBlocks?: number;
  /** Channels of the image. Default: 3. */
  imC?: number;
  /** Channels of the features. Default: 64. */
  feats?: number;
  /** Factor of each side, a power of two up to 256. Default: 4. */
  upscale?: number;
  /** The activation, with its defaults. Default: `"PReLU"`. */
  actv?: "PReLU" | "ReLU" | "LeakyReLU" | "ELU" | "SiLU" | "GELU";
  /** The normalisation. Default: `"batch_norm"`. */
  norm?: "batch_norm" | "instance_norm" | "layer_norm" | null;
  /** Side of the last kernel, odd. Default: 9. */
  finalKernelSize?: number;
  /** Whether negative values of the output become 0. Default: false. */
  finalRelu?: boolean;
}

/** `x + norm(conv(activation(norm(conv(x)))))`. */
class Block extends Module {
  readonly layers: Sequential;

  constructor(layers: readonly Layer[]) {
    super();
    this.layers = new Sequential(layers);
  }

  forward(x: Tensor): Tensor {
    return x.add(this.layers.forward(x));
  }
}

/**
 * The SRResNet network for super-resolution, `[B, imC, H, W]` to `[B, imC, upscale H, upscale W]`: residual blocks,
 * then one stage of pixel shuffling for each factor of two.
 *
 * State names: fe, blocks.i.layers, block, upsampling.i, final_conv. The weights are initialised as in PyTorch. (Ledig
 * et al., "Photo-realistic single image super-resolution using a generative adversarial network", 2017,
 * arXiv:1609.04802.)
 */
export class SRResNet extends Module {
  readonly fe: Sequential;
  readonly blocks: Sequential;
  readonly block: Sequential;
  readonly upsampling: Sequential;
  readonly finalConv: Sequential;
  /** Channels of the image. */
  readonly imC: number;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: SRResNetOptions = {}) {
    super();
    const name = "SRResNet";
    const keys = ["numBlocks", "imC", "feats", "upscale", "actv", "norm", "finalKernelSize", "finalRelu"];
    checkOptions(name, options, [...keys, ...WEIGHT_OPTIONS]);
    const whole = { positive: true, integer: true };
    const numBlocks = checkNumber(name, "numBlocks", options.numBlocks ?? 16, {
      integer: true,
      min: 0,
      max: LARGEST.layers,
    });
    this.imC = checkNumber(name, "imC", options.imC ?? 3, whole);
    const feats = checkNumber(name, "feats", options.feats ?? 64, whole);
    const upscale = checkNumber(name, "upscale", options.upscale ?? 4, { ...whole, max: 256 });
    const stages = Math.log2(upscale);
    if (!Number.isInteger(stages)) {
      throw new ArgumentError(`${name}: upscale is ${upscale}, expected a power of two.`, "invalid_argument");
    }
    const last = checkNumber(name, "finalKernelSize", options.finalKernelSize ?? 9, {
      ...whole,
      max: LARGEST.filterSide,
    });
    if (last % 2 === 0) {
      throw new ArgumentError(
        `${name}: finalKernelSize is ${shown(last)}, expected an odd number.`,
        "invalid_argument",
      );
    }
    const finalRelu = checkFlag(name, "finalRelu", options.finalRelu, false);
    const given = options.norm === undefined ? "batch_norm" : options.norm;
    const norm = checkNorm(name, given, ["batch_norm", "instance_norm", "layer_norm"]);
    const actv = checkWord(name, "actv", options.actv ?? "PReLU", [
      "PReLU",
      "ReLU",
      "LeakyReLU",
      "ELU",
      "SiLU",
      "GELU",
    ]);

    const weights = sharedWeights(options);
    const { rng: _, ...like } = weights;
    const activations: Readonly<Record<NonNullable<SRResNetOptions["actv"]>, () => Layer>> = {
      PReLU: () => new PReLU(like),
      ReLU: () => new ReLU(),
      LeakyReLU: () => new LeakyReLU(),
      ELU: () => new ELU(),
      SiLU: () => new SiLU(),
      GELU: () => new GELU(),
    };
    const activation = activations[actv];
    const normalised = (): Layer => {
      if (norm === "batch_norm") return new BatchNorm2d({ numFeatures: feats, ...like });
      if (norm === "instance_norm") return new InstanceNorm2d({ numFeatures: feats, ...like });
      return norm === "layer_norm" ? new LayerNorm2d({ numChannels: feats, ...like }) : new Identity();
    };
    const conv = (inChannels: number, outChannels: number, kernelSize: number): Conv2d =>
      new Conv2d({ inChannels, outChannels, kernelSize, padding: (kernelSize - 1) / 2, ...weights });
    const block = (): Layer =>
      new Block([conv(feats, feats, 3), normalised(), activation(), conv(feats, feats, 3), normalised()]);
    const stage = (): Layer => new Sequential(conv(feats, 4 * feats, 3), new PixelShuffle({ factor: 2 }), activation());
    [this.fe, this.blocks, this.block, this.upsampling, this.finalConv] = freeKeptOnError(() => [
      new Sequential(conv(this.imC, feats, 9), activation()),
      new Sequential(Array.from({ length: numBlocks }, block)),
      new Sequential(conv(feats, feats, 3), normalised()),
      new Sequential(Array.from({ length: stages }, stage)),
      new Sequential(conv(feats, this.imC, last), ...(finalRelu ? [new ReLU()] : [])),
    ]);
  }

  /**
   * The image of higher resolution; the physics, if given, is ignored.
   *
   * @throws ShapeError `shape_mismatch`.
   */
  forward(y: Tensor, _condition?: Condition, _options?: ReconstructOptions): Tensor {
    checkTensor("SRResNet", "y", y);
    return freeOnError(() => {
      checkImages("SRResNet", y, this.imC);
      const features = this.fe.forward(y);
      const sum = features.add(this.block.forward(this.blocks.forward(features)));
      return this.finalConv.forward(this.upsampling.forward(sum));
    });
  }
}
