import { avgPool2d, pixelShuffle, pixelUnshuffle } from "../functional/index.js";
import { Conv2d, Module } from "../nn/index.js";
import { type RandomSource, resolveRng } from "../random/index.js";
import { ShapeError } from "../runtime/index.js";
import { cat, inTurn, type Tensor, tidy } from "../tensor/index.js";

/** Channels at a half, a quarter and an eighth of the resolution. */
const CHANNELS = [48, 64, 64] as const;

/** Sides of the images inside are multiples of this. */
const MULTIPLE = 8;

/** Smallest noise level, in units of the image's range. */
const SMALLEST_LEVEL = 1e-3;

/** Standard deviation of the values of a picture. */
const SPREAD = 0.25;

/** `x + conv(relu(conv(x)))`. */
class ResidualBlock extends Module {
  readonly first: Conv2d;
  readonly second: Conv2d;

  constructor(channels: number, rng: RandomSource) {
    super();
    const options = { inChannels: channels, outChannels: channels, kernelSize: 3, padding: 1, rng };
    this.first = new Conv2d(options);
    this.second = new Conv2d(options);
  }

  forward(x: Tensor): Tensor {
    return this.second.forward(this.first.rectified(x, 0)).add(x);
  }
}

/**
 * A small network that removes noise of a given level from images with values mostly in [0, 1], grey and in colour.
 *
 * `D(y, s) = y + s F(c (y - 1/2), ln(s) / 3 + 1)` with the level s of each pixel and `c = 1 / sqrt(s^2 + 1/16)`: F
 * learns the noise at unit scale, whatever its level (Karras et al., 2022, arXiv:2206.00364). F is a U-Net of residual
 * blocks at a half, a quarter and an eighth of the resolution (Zhang et al., "Plug-and-play image restoration with deep
 * denoiser prior", 2020, arXiv:2008.13751), whose first level has four pixels as channels (Zhang, Zuo, Zhang, "FFDNet",
 * 2018, arXiv:1710.04026). Only the first and the last convolution differ between grey and colour images.
 */
export class DenoisingNetwork extends Module {
  readonly greyIn: Conv2d;
  readonly colourIn: Conv2d;
  readonly greyOut: Conv2d;
  readonly colourOut: Conv2d;
  readonly fineDown: ResidualBlock;
  readonly middleDown: ResidualBlock;
  readonly coarse: ResidualBlock;
  readonly middleUp: ResidualBlock;
  readonly fineUp: ResidualBlock[];
  readonly toMiddle: Conv2d;
  readonly toCoarse: Conv2d;
  readonly fromCoarse: Conv2d;
  readonly fromMiddle: Conv2d;

  /** @param options.rng Random stream of the weights before training. */
  constructor(options: { rng?: RandomSource } = {}) {
    super();
    const rng = resolveRng(options.rng);
    const [fine, middle, coarse] = CHANNELS;
    const conv = (inChannels: number, outChannels: number, kernelSize: number): Conv2d =>
      new Conv2d({ inChannels, outChannels, kernelSize, padding: (kernelSize - 1) / 2, rng });
    this.greyIn = conv(5, fine, 3);
    this.colourIn = conv(15, fine, 3);
    this.fineDown = new ResidualBlock(fine, rng);
    this.toMiddle = conv(4 * fine, middle, 1);
    this.middleDown = new ResidualBlock(middle, rng);
    this.toCoarse = conv(4 * middle, coarse, 1);
    this.coarse = new ResidualBlock(coarse, rng);
    this.fromCoarse = conv(coarse, 4 * middle, 1);
    this.middleUp = new ResidualBlock(middle, rng);
    this.fromMiddle = conv(middle, 4 * fine, 1);
    this.fineUp = [new ResidualBlock(fine, rng), new ResidualBlock(fine, rng)];
    this.greyOut = conv(fine, 4, 3);
    this.colourOut = conv(fine, 12, 3);
  }

  /**
   * The denoised image `[B, C, H, W]`, C = 1 or 3.
   *
   * @param levels Standard deviation of the noise of each pixel, in the shape of `y`.
   * @throws ShapeError `shape_mismatch`.
   */
  forward(y: Tensor, levels: Tensor): Tensor {
    const [batch, channels, height, width] = y.shape as [number, number, number, number];
    if (y.shape.length !== 4 || (channels !== 1 && channels !== 3) || levels.shape.join() !== y.shape.join()) {
      throw new ShapeError(
        `DenoisingNetwork: image has shape [${y.shape.join(", ")}] and levels [${levels.shape.join(", ")}], ` +
          "expected [batch, 1, height, width] or [batch, 3, height, width] for both; " +
          "denoise other channels one by one.",
        "shape_mismatch",
      );
    }
    const [down, right] = [missing(height), missing(width)];
    if (down === 0 && right === 0) return this.#run(y, levels);
    const wider = (image: Tensor) => image.pad([0, 0, 0, 0, 0, down, 0, right], { mode: "replicate" });
    return this.#run(wider(y), wider(levels)).slice([0, 0, 0, 0], [batch, channels, height, width]);
  }

  #run(y: Tensor, levels: Tensor): Tensor {
    return inTurn(y, [
      () => this.start(y, levels),
      (start) => this.trunk(start),
      (features) => this.finish(y, levels, features),
    ]);
  }

  /** Features of images at half the resolution. */
  start(y: Tensor, levels: Tensor): Tensor {
    const s = levels.clamp(SMALLEST_LEVEL, Infinity);
    const unit = y.sub(0.5).div(
      s
        .square()
        .add(SPREAD ** 2)
        .sqrt(),
    );
    const input = cat([pixelUnshuffle(unit, 2), avgPool2d(s.log().div(3).add(1), 2)], 1);
    return (y.shape[1] === 1 ? this.greyIn : this.colourIn).forward(input);
  }

  /** Features to features; grey and colour images may share a batch. */
  trunk(start: Tensor): Tensor {
    const fine = tidy(() => this.fineDown.forward(start));
    const middle = tidy(() => this.middleDown.forward(this.toMiddle.forward(pixelUnshuffle(fine, 2))));
    const below = (x: Tensor) => this.fromCoarse.forward(this.coarse.forward(this.toCoarse.forward(x)));
    return inTurn(pixelUnshuffle(middle, 2), [
      (x) => pixelShuffle(below(x), 2).add(middle),
      (x) => this.middleUp.forward(x),
      (x) => pixelShuffle(this.fromMiddle.forward(x), 2).add(fine),
      ...this.fineUp.map((block) => (x: Tensor) => block.forward(x)),
    ]);
  }

  /** The denoised image of its features. */
  finish(y: Tensor, levels: Tensor, features: Tensor): Tensor {
    const last = y.shape[1] === 1 ? this.greyOut : this.colourOut;
    return pixelShuffle(last.forward(features), 2).mul(levels.clamp(SMALLEST_LEVEL, Infinity)).add(y);
  }
}

function missing(length: number): number {
  return (MULTIPLE - (length % MULTIPLE)) % MULTIPLE;
}
