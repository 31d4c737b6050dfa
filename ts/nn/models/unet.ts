import {
  ArgumentError,
  checkFlag,
  checkList,
  checkNumber,
  checkOptions,
  LARGEST,
  ShapeError,
  shown,
} from "../../runtime/index.js";
import { cat, checkTensor, freeKeptOnError, freeOnError } from "../../tensor/index.js";
import type { Tensor } from "../../tensor/index.js";
import { maxPool2d } from "../../functional/index.js";
import { sharedWeights } from "../init.js";
import { BatchNorm2d, BFBatchNorm2d, Conv2d, ReLU, Sequential, Upsample } from "../layers/index.js";
import { Module } from "../module.js";
import { WEIGHT_OPTIONS } from "../types.js";
import type { Condition, Layer, ReconstructOptions, WeightOptions } from "../types.js";

/** Options of {@link UNet}. */
export interface UNetOptions extends WeightOptions {
  /** Channels of the input. Default: 1. */
  inChannels?: number;
  /** Channels of the output. Default: 1. */
  outChannels?: number;
  /** Whether the input is added to the output, where both have as many channels. Default: true. */
  residual?: boolean;
  /** Whether convolutions wrap around the image. Default: false (zeros). */
  circularPadding?: boolean;
  /** Whether there are skip connections. Default: true. */
  cat?: boolean;
  /** Whether convolutions (and bias-free norms) have biases. Default: true. */
  bias?: boolean;
  /** Whether a batch norm follows each 3 x 3 convolution, `"biasfree"` for one without biases. Default: true. */
  batchNorm?: boolean | "biasfree";
  /** Number of resolutions, 2 to 16. Default: the length of `channelsPerScale`, or 4. */
  scales?: number;
  /** Channels at each resolution, finest first. Default: 64, 128, 256, ... */
  channelsPerScale?: readonly number[];
}

/**
 * U-Net, `[B, inChannels, H, W]` to `[B, outChannels, H, W]`: convolutions at `scales` resolutions, halved by max
 * pooling and doubled by nearest-neighbour upsampling.
 *
 * Images whose sides `2^(scales - 1)` does not divide are replicated at the right and bottom, and cropped again. State
 * names: Conv{i}, Up{i}, Up_conv{i}, Conv_1x1, as in deepinv. (Ronneberger, Fischer, Brox, "U-Net", 2015,
 * arXiv:1505.04597; Mohan et al., 2020, arXiv:1906.05478, for the bias-free norm.)
 */
export class UNet extends Module {
  /** Whether the input is added to the output. */
  readonly residual: boolean;
  /** Whether there are skip connections. */
  readonly cat: boolean;
  /** Channels of the input. */
  readonly inChannels: number;
  // Private, since the blocks are registered under deepinv's names.
  readonly #down: Sequential[] = [];
  readonly #up: { grow: Sequential; merge: Sequential }[] = [];
  readonly #last: Conv2d;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: UNetOptions = {}) {
    super();
    const name = "UNet";
    checkOptions(name, options, [
      "inChannels",
      "outChannels",
      "residual",
      "circularPadding",
      "cat",
      "bias",
      "batchNorm",
      "scales",
      "channelsPerScale",
      ...WEIGHT_OPTIONS,
    ]);
    const inChannels = checkNumber(name, "inChannels", options.inChannels ?? 1, { positive: true, integer: true });
    const outChannels = checkNumber(name, "outChannels", options.outChannels ?? 1, { positive: true, integer: true });
    const listed = options.channelsPerScale ?? undefined;
    const given = listed === undefined ? undefined : checkList(name, "channelsPerScale", listed);
    const scales = checkNumber(name, "scales", options.scales ?? given?.length ?? 4, {
      min: 2,
      max: LARGEST.scales,
      integer: true,
    });
    const channels = given ?? Array.from({ length: scales }, (_, k) => 64 * 2 ** k);
    if (channels.length !== scales) {
      throw new ArgumentError(
        `${name}: scales is ${scales} but channelsPerScale has ${channels.length} entries; ` +
          `give one of them, or make them agree.`,
        "invalid_argument",
      );
    }
    channels.forEach((n, i) => checkNumber(name, `channelsPerScale[${i}]`, n, { positive: true, integer: true }));
    const batchNorm = options.batchNorm ?? true;
    if (typeof batchNorm !== "boolean" && batchNorm !== "biasfree") {
      throw new ArgumentError(
        `${name}: batchNorm is ${shown(batchNorm)}, expected true, false or "biasfree".`,
        "invalid_argument",
      );
    }
    this.inChannels = inChannels;
    this.residual = checkFlag(name, "residual", options.residual, true) && inChannels === outChannels;
    this.cat = checkFlag(name, "cat", options.cat, true);

    const bias = checkFlag(name, "bias", options.bias, true);
    const circular = checkFlag(name, "circularPadding", options.circularPadding, false);
    const weights = sharedWeights(options);
    const { rng: _, ...like } = weights;
    const convolve = (from: number, to: number): Layer[] => {
      const conv = new Conv2d({
        inChannels: from,
        outChannels: to,
        kernelSize: 3,
        padding: 1,
        bias,
        paddingMode: circular ? "circular" : "zeros",
        ...weights,
      });
      if (batchNorm === false) return [conv, new ReLU()];
      return [
        conv,
        batchNorm === true
          ? new BatchNorm2d({ numFeatures: to, ...like })
          : new BFBatchNorm2d({ numFeatures: to, useBias: bias, ...like }),
        new ReLU(),
      ];
    };
    const block = (from: number, to: number): Sequential => new Sequential(...convolve(from, to), ...convolve(to, to));

    this.#last = freeKeptOnError(() => {
      for (let i = 0; i < scales; i++) {
        const down = block(i === 0 ? inChannels : channels[i - 1]!, channels[i]!);
        this.registerModule(`Conv${i + 1}`, down);
        this.#down.push(down);
      }
      for (let i = scales - 1; i > 0; i--) {
        const [coarse, fine] = [channels[i]!, channels[i - 1]!];
        const grow = new Sequential(new Upsample({ scaleFactor: 2 }), ...convolve(coarse, fine));
        const merge = block(2 * fine, fine);
        this.registerModule(`Up${i + 1}`, grow);
        this.registerModule(`Up_conv${i + 1}`, merge);
        this.#up.push({ grow, merge });
      }
      const last = new Conv2d({ inChannels: channels[0]!, outChannels, kernelSize: 1, bias, ...weights });
      this.registerModule("Conv_1x1", last);
      return last;
    });
  }

  /**
   * The denoised image; the noise level or physics, if given, is ignored.
   *
   * @throws ShapeError `shape_mismatch`.
   */
  forward(y: Tensor, _condition?: Condition, _options?: ReconstructOptions): Tensor {
    checkTensor("UNet", "y", y);
    return freeOnError(() => {
      const [, channels, height, width] = y.shape;
      if (y.shape.length !== 4 || channels !== this.inChannels || height === undefined || width === undefined) {
        throw new ShapeError(
          `UNet: input has shape [${y.shape.join(", ")}], expected [batch, ${this.inChannels}, height, width].`,
          "shape_mismatch",
        );
      }
      const factor = 2 ** this.#up.length;
      const [down, right] = [(factor - (height % factor)) % factor, (factor - (width % factor)) % factor];
      if (down === 0 && right === 0) return this.#run(y);
      const wide = this.#run(y.pad([0, 0, 0, 0, 0, down, 0, right], { mode: "replicate" }));
      return wide.slice([0, 0, 0, 0], [wide.shape[0]!, wide.shape[1]!, height, width]);
    });
  }

  #run(y: Tensor): Tensor {
    let x = y;
    const features = this.#down.map((block, i) => (x = block.forward(i === 0 ? x : maxPool2d(x, 2))));
    this.#up.forEach(({ grow, merge }, i) => {
      x = grow.forward(x);
      if (this.cat) x = merge.forward(cat([features[features.length - 2 - i]!, x], 1));
    });
    x = this.#last.forward(x);
    return this.residual ? x.add(y) : x;
  }
}
