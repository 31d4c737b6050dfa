import { checkFlag } from "../../runtime/index.js";
import { checkTensor, freeOnError, noGrad, tidy } from "../../tensor/index.js";
import type { Tensor } from "../../tensor/index.js";
import { sharedMoments } from "../../functional/index.js";
import { BatchNorm2d, checkChannels, checkCount } from "./batch-norm2d.js";
import type { BatchNorm2dOptions } from "./batch-norm2d.js";

/** Options of {@link BFBatchNorm2d}. */
export interface BFBatchNorm2dOptions extends Omit<BatchNorm2dOptions, "trackRunningStats"> {
  /** Whether the mean is subtracted and the bias added. Default: false. */
  useBias?: boolean;
}

/**
 * Bias-free batch normalisation, `y = weight x / (sqrt(v) + eps)` for each channel, `[B, C, H, W]` to the same.
 *
 * v is the unbiased variance of the batch (training) or the running variance (evaluation). No mean is subtracted and no
 * bias added, unless `useBias`. The state has the four entries of {@link BatchNorm2d}, as in deepinv. (Mohan,
 * Kadkhodaie, Simoncelli, Fernandez-Granda, "Robust and interpretable blind image denoising via bias-free
 * convolutional neural networks", 2020, arXiv:1906.05478.)
 */
export class BFBatchNorm2d extends BatchNorm2d {
  protected static override readonly optionNames: readonly string[] = [
    "numFeatures",
    "eps",
    "momentum",
    "affine",
    "useBias",
    "dtype",
    "device",
  ];

  /** Whether the mean is subtracted and the bias added. */
  readonly useBias: boolean;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: BFBatchNorm2dOptions) {
    // Before there are tensors to free.
    const useBias = checkFlag("BFBatchNorm2d", "useBias", options?.useBias, false);
    super(options);
    this.useBias = useBias;
  }

  /**
   * The normalised batch.
   *
   * @throws ShapeError `shape_mismatch`.
   */
  override forward(x: Tensor): Tensor {
    checkTensor("BFBatchNorm2d", "x", x);
    return freeOnError(() => {
      checkChannels("BFBatchNorm2d", x, this.numFeatures);
      const wide = [1, this.numFeatures, 1, 1];
      const shared = this.training ? sharedMoments(this, x) : undefined;
      if (this.training) checkCount("BFBatchNorm2d", x, shared?.count ?? x.size / this.numFeatures);
      const running = !this.training && this.runningMean !== null && this.runningVar !== null;
      const unbiased = shared?.variance.mul(shared.count / (shared.count - 1));
      const known = running ? this.runningVar : unbiased;
      const variance = known?.reshape(wide) ?? x.variance([0, 2, 3], true, 1);
      if (this.training) {
        noGrad(() =>
          tidy(() => {
            const mean = this.useBias ? (shared?.mean ?? x.mean([0, 2, 3])) : null;
            this.updateStatistics(mean, variance.detach().reshape([this.numFeatures]), 1);
          }),
        );
      }
      let y = shared?.x ?? x;
      if (this.useBias) {
        const mean = running ? this.runningMean : shared?.mean;
        y = y.sub(mean?.reshape(wide) ?? x.mean([0, 2, 3], true));
      }
      y = y.div(variance.sqrt().add(this.eps));
      if (this.weight !== null) y = y.mul(this.weight.reshape(wide));
      if (this.useBias && this.bias !== null) y = y.add(this.bias.reshape(wide));
      return y;
    });
  }
}
