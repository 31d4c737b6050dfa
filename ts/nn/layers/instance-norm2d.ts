import { checkFlag, checkNumber, checkOptions } from "../../runtime/index.js";
import type { DeviceName, DType } from "../../runtime/index.js";
import { GroupNorm } from "./group-norm.js";

/** Options of {@link InstanceNorm2d}. */
export interface InstanceNorm2dOptions {
  /** Number of channels C. */
  numFeatures: number;
  /** Added to the variance. Default: 1e-5. */
  eps?: number;
  /** Whether there is a trained scale and shift. Default: false. */
  affine?: boolean;
  /** Element type of the weights. Default: `"float32"`. */
  dtype?: DType;
  /** Device of the weights. Default: the current device. */
  device?: DeviceName;
}

/**
 * Instance normalisation, `[B, C, H, W]` to the same: a {@link GroupNorm} with one group for each channel, by default
 * without weights. (Ulyanov, Vedaldi, Lempitsky, "Instance normalization", 2016, arXiv:1607.08022.)
 */
export class InstanceNorm2d extends GroupNorm {
  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: InstanceNorm2dOptions) {
    checkOptions("InstanceNorm2d", options, ["numFeatures", "eps", "affine", "dtype", "device"]);
    const { numFeatures, ...rest } = options;
    checkNumber("InstanceNorm2d", "numFeatures", numFeatures, { positive: true, integer: true });
    const affine = checkFlag("InstanceNorm2d", "affine", options.affine, false);
    super({ ...rest, affine, numGroups: numFeatures, numChannels: numFeatures });
  }
}
