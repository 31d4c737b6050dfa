import { checkNumber, checkOptions } from "../../runtime/index.js";
import type { DeviceName, DType } from "../../runtime/index.js";
import { GroupNorm } from "./group-norm.js";

/** Options of {@link InstanceNorm2d}. */
export interface InstanceNorm2dOptions {
  /** Number of channels C. */
  numFeatures: number;
  /** Added to the variance; default 1e-5. */
  eps?: number;
  /** Whether there is a trained scale and shift; default false. */
  affine?: boolean;
  /** Element type of the weights; default "float32". */
  dtype?: DType;
  /** Device of the weights; default the current device. */
  device?: DeviceName;
}

/**
 * Instance normalisation: a {@link GroupNorm} with one group for each channel, by default without weights.
 * Shapes: [B,C,H,W] to the same. Reference: Ulyanov, Vedaldi, Lempitsky, "Instance normalization", 2016.
 */
export class InstanceNorm2d extends GroupNorm {
  constructor(options: InstanceNorm2dOptions) {
    checkOptions("InstanceNorm2d", options, ["numFeatures", "eps", "affine", "dtype", "device"]);
    const { numFeatures, affine = false, ...rest } = options;
    checkNumber("InstanceNorm2d", "numFeatures", numFeatures, { positive: true, integer: true });
    super({ ...rest, affine, numGroups: numFeatures, numChannels: numFeatures });
  }
}
