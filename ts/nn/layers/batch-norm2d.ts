import { checkFlag, checkNumber, checkOptions, ShapeError } from "../../runtime/index.js";
import type { DeviceName, DType } from "../../runtime/index.js";
import { ones, zeros, checkTensor, freeKeptOnError, freeOnError } from "../../tensor/index.js";
import type { Tensor } from "../../tensor/index.js";
import { batchNorm, batchNormMoments, lerp, sharedMoments } from "../../functional/index.js";
import { Module } from "../module.js";

/** Options of {@link BatchNorm2d}. */
export interface BatchNorm2dOptions {
  /** Number of channels C. */
  numFeatures: number;
  /** Added to the variance. Default: 1e-5. */
  eps?: number;
  /** Weight of the newest batch in the running statistics. Default: 0.1. */
  momentum?: number;
  /** Whether there is a trained scale and shift. Default: true. */
  affine?: boolean;
  /** Whether statistics are kept for evaluation; without them a batch's own are always used. Default: true. */
  trackRunningStats?: boolean;
  /** Element type of the weights. Default: `"float32"`. */
  dtype?: DType;
  /** Device of the weights. Default: the current device. */
  device?: DeviceName;
}

/**
 * Refuses what is not `[B, C, H, W]` with the layer's C.
 *
 * @throws ShapeError `shape_mismatch`.
 */
export function checkChannels(name: string, x: Tensor, channels: number): void {
  if (x.shape.length !== 4 || x.shape[1] !== channels) {
    throw new ShapeError(
      `${name}: input has shape [${x.shape.join(", ")}], expected [batch, ${channels}, height, width].`,
      "shape_mismatch",
    );
  }
}

/**
 * Refuses a batch with less than two values for each channel, which have no variance.
 *
 * @throws ShapeError `shape_mismatch`.
 */
export function checkCount(name: string, x: Tensor, count: number): void {
  if (count > 1) return;
  throw new ShapeError(
    `${name}: input has shape [${x.shape.join(", ")}], ${count === 1 ? "one value" : "no values"} for each channel, ` +
      "expected two or more in training mode, whose variance is defined; give it larger images or batches, or call " +
      "eval().",
    "shape_mismatch",
  );
}

/**
 * Batch normalisation, `y = weight (x - m) / sqrt(v + eps) + bias` for each channel, `[B, C, H, W]` to the same.
 *
 * In training mode m and v (biased) are the batch's, and the running statistics move by `momentum` towards the batch's
 * mean and unbiased variance, off the tape. In evaluation mode m and v are the running statistics. State: weight, bias,
 * running_mean and running_var, `[C]` each; initial values: weight 1, bias 0, mean 0, variance 1. A channel needs two
 * values or more in training mode.
 * (Ioffe, Szegedy, "Batch normalization", 2015, arXiv:1502.03167.)
 */
export class BatchNorm2d extends Module {
  /** The option names the constructor takes. */
  protected static readonly optionNames: readonly string[] = [
    "numFeatures",
    "eps",
    "momentum",
    "affine",
    "trackRunningStats",
    "dtype",
    "device",
  ];

  /** Scale `[C]`, or null. */
  readonly weight: Tensor | null;
  /** Shift `[C]`, or null. */
  readonly bias: Tensor | null;
  /** Running mean `[C]`, or null where none is kept. */
  readonly runningMean: Tensor | null;
  /** Running variance `[C]`, or null where none is kept. */
  readonly runningVar: Tensor | null;
  /** Number of channels. */
  readonly numFeatures: number;
  /** Added to the variance. */
  readonly eps: number;
  /** Weight of the newest batch. */
  readonly momentum: number;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: BatchNorm2dOptions) {
    super();
    checkOptions(new.target.name, options, new.target.optionNames);
    this.numFeatures = checkNumber(new.target.name, "numFeatures", options.numFeatures, {
      positive: true,
      integer: true,
    });
    this.eps = checkNumber(new.target.name, "eps", options.eps ?? 1e-5, { min: 0 });
    this.momentum = checkNumber(new.target.name, "momentum", options.momentum ?? 0.1, { min: 0, max: 1 });
    const like = { ...(options.dtype && { dtype: options.dtype }), ...(options.device && { device: options.device }) };
    const affine = checkFlag(new.target.name, "affine", options.affine, true);
    const tracked = checkFlag(new.target.name, "trackRunningStats", options.trackRunningStats, true);
    [this.weight, this.bias, this.runningMean, this.runningVar] = freeKeptOnError(() => [
      affine ? this.registerParameter("weight", ones([this.numFeatures], like)) : null,
      affine ? this.registerParameter("bias", zeros([this.numFeatures], like)) : null,
      tracked ? this.registerBuffer("runningMean", zeros([this.numFeatures], like)) : null,
      tracked ? this.registerBuffer("runningVar", ones([this.numFeatures], like)) : null,
    ]);
  }

  /**
   * The normalised batch.
   *
   * @throws ShapeError `shape_mismatch`.
   */
  forward(x: Tensor): Tensor {
    return this.rectified(x, 1);
  }

  /** {@link forward} and a leaky ReLU of slope `negativeSlope` in one pass. */
  rectified(x: Tensor, negativeSlope: number): Tensor {
    checkTensor("BatchNorm2d", "x", x);
    checkChannels(this.constructor.name, x, this.numFeatures);
    const { weight, bias, eps, runningMean, runningVar } = this;
    if (!this.training && runningMean !== null)
      return batchNorm(x, { weight, bias, eps, negativeSlope, mean: runningMean, variance: runningVar });
    return freeOnError(() => {
      const shared = this.training ? sharedMoments(this, x) : undefined;
      if (shared) {
        const { mean, variance, count } = shared;
        checkCount(this.constructor.name, x, count);
        this.updateStatistics(mean, variance, count / (count - 1));
        return batchNorm(shared.x, { weight, bias, eps, negativeSlope, mean, variance });
      }
      const count = x.size / this.numFeatures;
      if (this.training) checkCount(this.constructor.name, x, count);
      const { y, mean, variance } = batchNormMoments(x, { weight, bias, eps, negativeSlope });
      if (this.training) this.updateStatistics(mean, variance, count / (count - 1));
      mean.dispose();
      variance.dispose();
      return y;
    });
  }

  /**
   * Moves the running statistics towards the mean (where given) and `factor` times the variance of a batch, off the
   * tape.
   */
  protected updateStatistics(mean: Tensor | null, variance: Tensor, factor: number): void {
    const { runningMean, runningVar, momentum } = this;
    if (runningMean === null || runningVar === null) return;
    const towards = [{ a: runningVar, b: variance, factor }];
    if (mean !== null) towards.push({ a: runningMean, b: mean, factor: 1 });
    lerp(towards, momentum).forEach((next, i) => (towards[i] as (typeof towards)[number]).a.assign_(next));
  }
}
