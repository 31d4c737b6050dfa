import { checkList, checkNumber, checkOptions, checkWord, LARGEST } from "../../runtime/index.js";
import { cat, checkTensor, freeKeptOnError, freeOnError } from "../../tensor/index.js";
import type { Tensor } from "../../tensor/index.js";
import { scaledNormal, sharedWeights } from "../init.js";
import {
  AvgPool2d,
  Conv2d,
  ConvTranspose2d,
  ELU,
  LeakyReLU,
  MaxPool2d,
  PixelShuffle,
  ReLU,
  Sequential,
  Softplus,
  Upsample,
} from "../layers/index.js";
import { Module } from "../module.js";
import { WEIGHT_OPTIONS } from "../types.js";
import type { Condition, Layer, ReconstructOptions, WeightOptions } from "../types.js";
import { checkImages, noiseLevelMap, replicateTo } from "./noise-level-map.js";

/** Options of {@link DRUNet}. */
export interface DRUNetOptions extends WeightOptions {
  /** Channels of the input. Default: 3. */
  inChannels?: number;
  /** Channels of the output. Default: 3. */
  outChannels?: number;
  /** Channels at each of the four resolutions, finest first. Default: [64, 128, 256, 512]. */
  nc?: readonly [number, number, number, number];
  /** Residual blocks at each resolution. Default: 4. */
  nb?: number;
  /** Activation: ReLU (`"R"`), leaky ReLU of slope 0.2 (`"L"`), ELU (`"E"`) or softplus (`"s"`). Default: `"R"`. */
  actMode?: "R" | "L" | "E" | "s";
  /** How resolution is halved. Default: `"strideconv"`. */
  downsampleMode?: "avgpool" | "maxpool" | "strideconv";
  /** How resolution is doubled. Default: `"convtranspose"`. */
  upsampleMode?: "convtranspose" | "pixelshuffle" | "upconv";
}

const activations: Readonly<Record<"R" | "L" | "E" | "s", () => Layer>> = {
  R: () => new ReLU(),
  L: () => new LeakyReLU({ negativeSlope: 0.2 }),
  E: () => new ELU(),
  s: () => new Softplus(),
};

/** `x + conv(activation(conv(x)))`. */
class ResBlock extends Module {
  readonly res: Sequential;

  constructor(first: Layer, activation: Layer, second: Layer) {
    super();
    this.res = new Sequential(first, activation, second);
  }

  forward(x: Tensor): Tensor {
    return x.add(this.res.forward(x));
  }
}

/**
 * The DRUNet denoiser, `[B, inChannels, H, W]` and a noise level to `[B, outChannels, H, W]`: a U-Net of residual
 * blocks without biases, which sees the standard deviation of the noise at each pixel as one more channel.
 *
 * Sides that 8 does not divide, or below 32, are extended by replication and cropped again; outside of training, where
 * both sides are at least 64, the image is cleaned in four overlapping parts, as in deepinv. State names: m_head,
 * m_down1 to m_down3, m_body, m_up3 to m_up1, m_tail. Initial kernels are normal with the variance of deepinv's
 * orthogonal ones. (Zhang, Li, Zuo, Zhang, Van Gool, Timofte, "Plug-and-play image restoration with deep denoiser
 * prior", 2021, arXiv:2008.13751.)
 */
export class DRUNet extends Module {
  readonly mHead: Conv2d;
  readonly mDown1: Sequential;
  readonly mDown2: Sequential;
  readonly mDown3: Sequential;
  readonly mBody: Layer;
  readonly mUp3: Sequential;
  readonly mUp2: Sequential;
  readonly mUp1: Sequential;
  readonly mTail: Conv2d;
  /** Channels of the input. */
  readonly inChannels: number;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: DRUNetOptions = {}) {
    super();
    const name = "DRUNet";
    const keys = ["inChannels", "outChannels", "nc", "nb", "actMode", "downsampleMode", "upsampleMode"];
    checkOptions(name, options, [...keys, ...WEIGHT_OPTIONS]);
    const whole = { positive: true, integer: true };
    this.inChannels = checkNumber(name, "inChannels", options.inChannels ?? 3, whole);
    const outChannels = checkNumber(name, "outChannels", options.outChannels ?? 3, whole);
    const nb = checkNumber(name, "nb", options.nb ?? 4, { ...whole, max: LARGEST.layers });
    const nc = [...checkList(name, "nc", options.nc ?? [64, 128, 256, 512])] as [number, number, number, number];
    checkNumber(name, "nc.length", nc.length, { min: 4, max: 4 });
    nc.forEach((channels, i) => checkNumber(name, `nc[${i}]`, channels, whole));
    const act = checkWord(name, "actMode", options.actMode ?? "R", ["R", "L", "E", "s"]);
    const down = checkWord(name, "downsampleMode", options.downsampleMode ?? "strideconv", [
      "avgpool",
      "maxpool",
      "strideconv",
    ]);
    const up = checkWord(name, "upsampleMode", options.upsampleMode ?? "convtranspose", [
      "convtranspose",
      "pixelshuffle",
      "upconv",
    ]);

    const weights = sharedWeights(options);
    const initialised = <T extends Conv2d | ConvTranspose2d>(layer: T): T => {
      layer.weight.assign_(scaledNormal(layer.weight.shape, 0.2, weights));
      return layer;
    };
    const conv = (inChannels: number, channels: number): Conv2d =>
      initialised(
        new Conv2d({ inChannels, outChannels: channels, kernelSize: 3, padding: 1, bias: false, ...weights }),
      );
    const half = { kernelSize: 2, stride: 2, bias: false, ...weights };
    const downsample = (from: number, to: number): Layer[] => {
      if (down === "strideconv") return [initialised(new Conv2d({ inChannels: from, outChannels: to, ...half }))];
      return [down === "maxpool" ? new MaxPool2d({ kernelSize: 2 }) : new AvgPool2d({ kernelSize: 2 }), conv(from, to)];
    };
    const upsample = (from: number, to: number): Layer[] => {
      if (up === "upconv") return [new Upsample({ scaleFactor: 2 }), conv(from, to)];
      if (up === "pixelshuffle") return [conv(from, 4 * to), new PixelShuffle({ factor: 2 })];
      return [initialised(new ConvTranspose2d({ inChannels: from, outChannels: to, ...half }))];
    };
    const blocks = (channels: number): Layer[] =>
      Array.from(
        { length: nb },
        () => new ResBlock(conv(channels, channels), activations[act](), conv(channels, channels)),
      );

    const parts = freeKeptOnError(() => ({
      mHead: conv(this.inChannels + 1, nc[0]),
      mDown1: new Sequential(...blocks(nc[0]), ...downsample(nc[0], nc[1])),
      mDown2: new Sequential(...blocks(nc[1]), ...downsample(nc[1], nc[2])),
      mDown3: new Sequential(...blocks(nc[2]), ...downsample(nc[2], nc[3])),
      // A single block is not wrapped, and has other state names: so it is in deepinv.
      mBody: nb === 1 ? (blocks(nc[3])[0] as Layer) : new Sequential(...blocks(nc[3])),
      mUp3: new Sequential(...upsample(nc[3], nc[2]), ...blocks(nc[2])),
      mUp2: new Sequential(...upsample(nc[2], nc[1]), ...blocks(nc[1])),
      mUp1: new Sequential(...upsample(nc[1], nc[0]), ...blocks(nc[0])),
      mTail: conv(nc[0], outChannels),
    }));
    ({
      mHead: this.mHead,
      mDown1: this.mDown1,
      mDown2: this.mDown2,
      mDown3: this.mDown3,
      mBody: this.mBody,
      mUp3: this.mUp3,
      mUp2: this.mUp2,
      mUp1: this.mUp1,
      mTail: this.mTail,
    } = parts);
  }

  /**
   * The cleaned image.
   *
   * @param condition The standard deviation of the noise: a number, a tensor `[]`, `[B]` or `[B, 1, H, W]`, or a
   * physics whose noise has one.
   * @throws ArgumentError `missing_argument` without a noise level; ShapeError `shape_mismatch`.
   */
  forward(y: Tensor, condition?: Condition, _options?: ReconstructOptions): Tensor {
    checkTensor("DRUNet", "y", y);
    return freeOnError(() => {
      const [, , height, width] = checkImages("DRUNet", y, this.inChannels);
      const x = cat([y, noiseLevelMap("DRUNet", y, condition)], 1);
      const fits = (side: number): boolean => side % 8 === 0 && side >= 32;
      if (fits(height) && fits(width)) return this.#run(x);
      if (!this.training && height >= 64 && width >= 64) return this.#inParts(x);
      const wide = this.#run(replicateTo(x, 16));
      return wide.slice([0, 0, 0, 0], [undefined, undefined, height, width]);
    });
  }

  #run(x: Tensor): Tensor {
    const x1 = this.mHead.forward(x);
    const x2 = this.mDown1.forward(x1);
    const x3 = this.mDown2.forward(x2);
    const x4 = this.mDown3.forward(x3);
    const up3 = this.mUp3.forward(this.mBody.forward(x4).add(x4));
    const up2 = this.mUp2.forward(up3.add(x3));
    return this.mTail.forward(this.mUp1.forward(up2.add(x2)).add(x1));
  }

  /** Four parts of sides that 64 divides, each from a corner, of which a quarter of the image is kept. */
  #inParts(x: Tensor): Tensor {
    const [, , height = 0, width = 0] = x.shape;
    const [h, w] = [Math.floor(height / 2), Math.floor(width / 2)];
    const [tall, wide] = [h, w].map((side) => (Math.floor(side / 64) + 1) * 64) as [number, number];
    const part = (lower: boolean, right: boolean): Tensor => {
      const [top, left] = [lower ? height - tall : 0, right ? width - wide : 0];
      const clean = this.#run(x.slice([0, 0, top, left], [undefined, undefined, top + tall, left + wide]));
      return clean.slice(
        [0, 0, lower ? h - top : 0, right ? w - left : 0],
        [undefined, undefined, lower ? tall : h, right ? wide : w],
      );
    };
    const row = (lower: boolean): Tensor => cat([part(lower, false), part(lower, true)], 3);
    return cat([row(false), row(true)], 2);
  }
}
