import { ArgumentError, checkFlag, checkNumber, checkOptions, ShapeError } from "../../runtime/index.js";
import type { DeviceName, DType } from "../../runtime/index.js";
import { ones, zeros, checkTensor, freeKeptOnError, freeOnError } from "../../tensor/index.js";
import type { Tensor } from "../../tensor/index.js";
import { groupNorm } from "../../functional/index.js";
import { Module } from "../module.js";

/** Options of {@link GroupNorm}. */
export interface GroupNormOptions {
  /** Number of groups; divides `numChannels`. */
  numGroups: number;
  /** Number of channels. */
  numChannels: number;
  /** Added to the variance. Default: 1e-5. */
  eps?: number;
  /** Whether there is a trained scale and shift. Default: true. */
  affine?: boolean;
  /** Element type of the weights. Default: `"float32"`. */
  dtype?: DType;
  /** Device of the weights. Default: the current device. */
  device?: DeviceName;
}

/**
 * Group normalisation, `[B, C, ...]` to the same: each group of channels of each image is shifted and scaled to mean 0
 * and variance 1 (biased), then `y = weight x + bias` for each channel, with weight and bias `[C]`. (Wu, He, "Group
 * normalization", 2018, arXiv:1803.08494.)
 */
export class GroupNorm extends Module {
  /** Scale `[C]`, or null. */
  readonly weight: Tensor | null;
  /** Shift `[C]`, or null. */
  readonly bias: Tensor | null;
  /** Number of groups. */
  readonly numGroups: number;
  /** Number of channels. */
  readonly numChannels: number;
  /** Added to the variance. */
  readonly eps: number;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: GroupNormOptions) {
    super();
    checkOptions("GroupNorm", options, ["numGroups", "numChannels", "eps", "affine", "dtype", "device"]);
    this.numGroups = checkNumber("GroupNorm", "numGroups", options.numGroups, { positive: true, integer: true });
    this.numChannels = checkNumber("GroupNorm", "numChannels", options.numChannels, { positive: true, integer: true });
    if (this.numChannels % this.numGroups !== 0) {
      throw new ArgumentError(
        `GroupNorm: ${this.numGroups} groups do not divide ${this.numChannels} channels.`,
        "invalid_argument",
      );
    }
    this.eps = checkNumber("GroupNorm", "eps", options.eps ?? 1e-5, { min: 0 });
    const like = { ...(options.dtype && { dtype: options.dtype }), ...(options.device && { device: options.device }) };
    const affine = checkFlag(new.target.name, "affine", options.affine, true);
    [this.weight, this.bias] = freeKeptOnError(() => [
      affine ? this.registerParameter("weight", ones([this.numChannels], like)) : null,
      affine ? this.registerParameter("bias", zeros([this.numChannels], like)) : null,
    ]);
  }

  /** The normalised images. */
  forward(x: Tensor): Tensor {
    checkTensor("GroupNorm", "x", x);
    return freeOnError(() => {
      if (x.shape[1] !== this.numChannels) {
        throw new ShapeError(
          `${this.constructor.name}: input has shape [${x.shape.join(", ")}], ` +
            `expected [batch, ${this.numChannels}, ...].`,
          "shape_mismatch",
        );
      }
      return groupNorm(x, this.numGroups, { weight: this.weight, bias: this.bias, eps: this.eps });
    });
  }
}
