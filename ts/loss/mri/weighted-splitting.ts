import { freeOnError } from "../../tensor/index.js";
import type { Tensor } from "../../tensor/index.js";
import type { ArgsOf } from "../args.js";
import { readOptions } from "../options.js";
import { WEIGHTED_OPTIONS, WeightedSplitting, type WeightedSplittingLossOptions } from "./weighted-splitting-base.js";

/**
 * Splitting of k-space with weights that make it, in the mean over both masks, the error of all of k-space.
 *
 * `metric(W M2 A(R(M1 y, M1 A)), W M2 y)` with `W = (1 - K)^(-1/2)`, `K = (1 - P_split P)^(-1) (1 - P)`, where P and
 * P_split are the probabilities of each column under the mask of the measurements and under the splitting mask. Both
 * must be drawn independently (`MultiplicativeSplittingMaskGenerator`), and columns must be sampled as a whole. In
 * evaluation the network sees the whole measurement. (Millard, Chiew, "A theoretical framework for self-supervised MR
 * image reconstruction using sub-sampling via variable density Noisier2Noise", 2023, arXiv:2205.10278.)
 *
 * Without noise the mean over masks, for given input of the network, equals that of the error `|A0 (R - x)|^2` over
 * those columns that are not part of the input. A draw that leaves nothing to predict contributes 0, as in the theorem.
 * Where masks have weights, so has the error: it is that of the weighted measurement.
 * The probabilities are estimated from 2000 draws with a fixed seed, or taken from `pdf` and `pdfSplit`.
 *
 * The model must be adapted: `model = loss.adaptModel(model)`, and xNet made with `updateParameters: true`.
 *
 * @returns shape `[B]` for a metric that keeps the batch.
 */
export class WeightedSplittingLoss extends WeightedSplitting<"WeightedSplittingLoss"> {
  /** @throws ArgumentError `missing_argument`, `unknown_option` or `invalid_argument`. */
  constructor(options: WeightedSplittingLossOptions) {
    const name = "WeightedSplittingLoss";
    super(name, readOptions(name, options, WEIGHTED_OPTIONS));
  }

  forward(args: ArgsOf<"WeightedSplittingLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      const { xNet, y, physics, model } = args;
      const { mask2 } = this.masks(model, y, physics);
      const ax = physics.A(xNet);
      this.sameShape(ax, "A(xNet)", y, "y");
      return this.predictionError(mask2, ax, y);
    });
  }
}
