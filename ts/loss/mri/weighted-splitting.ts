import type { Metric } from "../../metric/index.js";
import type { Reconstructor } from "../../nn/index.js";
import type { Physics, PhysicsGenerator } from "../../physics/index.js";
import type { RandomSource } from "../../random/index.js";
import { ArgumentError, checkFlag, checkOptions } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import { lossAssumptions } from "../assumptions.js";
import { Loss } from "../loss.js";
import type { ArgsOf } from "../pairing.js";
import { metricOption } from "../shared.js";
import { maskOf, shareOf, sides } from "../split.js";
import { SplittingModel } from "../splitting-model.js";
import { KWeight, type KWeightOptions } from "./k-weight.js";

/** Options of {@link WeightedSplittingLoss}. */
export interface WeightedSplittingLossOptions extends KWeightOptions {
  /** Draws the splitting masks, such as a `MultiplicativeSplittingMaskGenerator`. */
  maskGenerator: PhysicsGenerator;
  /** What compares the weighted k-spaces. Default: mean squared error. */
  metric?: Metric;
  /** Divides by the share of the entries in M2. Default false: the theorem is about the sum. */
  normalizeLoss?: boolean;
  rng?: RandomSource;
}

/** Option names of {@link WeightedSplittingLossOptions}. */
export const WEIGHTED_KEYS = [
  "maskGenerator",
  "physicsGenerator",
  "pdf",
  "pdfSplit",
  "metric",
  "normalizeLoss",
  "rng",
] as const;

/** What the weighted losses share: the options, the weights, the model, the error of the hidden part. */
export class WeightedParts {
  readonly metric: Metric;
  readonly maskGenerator: PhysicsGenerator;
  readonly normalizeLoss: boolean;
  readonly rng: RandomSource | undefined;
  readonly kWeight: KWeight;
  readonly #name: string;

  constructor(name: string, options: WeightedSplittingLossOptions) {
    this.#name = name;
    this.metric = metricOption(name, options?.metric);
    const { physicsGenerator, pdf, pdfSplit } = options ?? {};
    this.kWeight = new KWeight(name, options?.maskGenerator, {
      ...(physicsGenerator ? { physicsGenerator } : {}),
      ...(pdf ? { pdf } : {}),
      ...(pdfSplit ? { pdfSplit } : {}),
    });
    this.maskGenerator = options.maskGenerator;
    this.normalizeLoss = checkFlag(name, "normalizeLoss", options.normalizeLoss, false);
    this.rng = options.rng;
  }

  model<L extends string>(
    adaptedBy: L,
    model: Reconstructor,
    alter?: (part: Tensor, mask1: Tensor, physics: Physics | undefined, rng: RandomSource) => Tensor,
  ): SplittingModel<L> {
    const { maskGenerator, rng } = this;
    const settings = {
      adaptedBy,
      maskGenerator,
      splitRatio: 0.9,
      pixelwise: true,
      evalNSamples: 1,
      evalSplitInput: false,
      evalSplitOutput: false,
      rng,
    };
    return new SplittingModel<L>(model, alter ? { ...settings, alter } : settings);
  }

  /** The masks of the pass that made xNet, for which the network must have seen a part of the measurement. */
  masks(model: unknown, y: Tensor, physics: Physics): { mask1: Tensor; mask2: Tensor } {
    if (!(model instanceof SplittingModel)) {
      throw new ArgumentError(
        `${this.#name}: model must be the SplittingModel that adaptModel returns.`,
        "model_not_adapted",
      );
    }
    const measured = maskOf(physics, y);
    if (measured) {
      try {
        shareOf(this.#name, measured.ne(0).to(y.dtype), "measured");
      } catch {
        throw new ArgumentError(
          `${this.#name}: the mask of the physics has no measured pixel for some image of the batch; leave out this image.`,
          "empty_mask",
        );
      }
    }
    return sides(this.#name, model.masks()[0] as Tensor, y, physics);
  }

  /** `metric(W M2 A(xNet), W M2 y)`, divided by the share of M2 where that is asked for. */
  hidden(mask2: Tensor, ax: Tensor, y: Tensor): Tensor {
    const weight = this.kWeight.of(y.shape.slice(-2)).to(y.dtype).to(y.device).mul(mask2);
    const value = this.metric.forward(ax.mul(weight), y.mul(weight));
    return this.normalizeLoss ? value.div(shareOf(this.#name, mask2, "to predict")) : value;
  }
}

/**
 * Splitting of k-space whose weights make it, in the mean over both masks, the error of all of k-space.
 *
 * `metric(W M2 A(R(M1 y, M1 A)), W M2 y)` with `W = (1 - K)^(-1/2)`, `K = (1 - P_split P)^(-1) (1 - P)`, where P and
 * P_split are the probabilities of each column under the mask of the measurements and under the splitting mask. Both
 * must be drawn independently (`MultiplicativeSplittingMaskGenerator`), and columns must be sampled as a whole. At
 * evaluation the network sees the whole measurement. (Millard, Chiew, "A theoretical framework for self-supervised MR
 * image reconstruction using sub-sampling via variable density Noisier2Noise", 2023, arXiv:2205.10278.)
 *
 * Without noise the mean over masks, for what the network is given, equals that of the error `|A0 (R - x)|^2` over
 * those columns that were not given to it. A draw that leaves nothing to predict contributes 0, as the theorem wants.
 * The probabilities are estimated from 2000 draws with a seed of their own, or taken from `pdf` and `pdfSplit`.
 *
 * The model must be adapted: `model = loss.adaptModel(model)`, and xNet made with `updateParameters: true`.
 *
 * @returns shape `[B]` for a metric that keeps the batch.
 */
export class WeightedSplittingLoss extends Loss {
  readonly name: string = "WeightedSplittingLoss";
  readonly assumptions = lossAssumptions.WeightedSplittingLoss;
  readonly #parts: WeightedParts;

  /** @throws ArgumentError `missing_argument`, `unknown_option` or `invalid_argument`. */
  constructor(options: WeightedSplittingLossOptions) {
    super();
    checkOptions("WeightedSplittingLoss", options, WEIGHTED_KEYS);
    this.#parts = new WeightedParts("WeightedSplittingLoss", options);
  }

  /** The weight of each column, `[1, W]`, for images of size `[H, W]`. */
  weight(imgSize: readonly number[]): Tensor {
    return this.#parts.kWeight.of(imgSize);
  }

  forward(args: ArgsOf<"WeightedSplittingLoss">): Tensor {
    this.check(args);
    const { xNet, y, physics, model } = args;
    const { mask2 } = this.#parts.masks(model, y, physics);
    const ax = physics.A(xNet);
    this.sameShape(ax, "A(xNet)", y, "y");
    return this.#parts.hidden(mask2, ax, y);
  }

  /** The model whose network sees a part of the measurement; an adapted model comes back as it is. */
  override adaptModel(model: Reconstructor): SplittingModel<"WeightedSplittingLoss"> {
    if (model instanceof SplittingModel && model.adaptedBy === "WeightedSplittingLoss")
      return model as SplittingModel<"WeightedSplittingLoss">;
    return this.#parts.model("WeightedSplittingLoss", model);
  }
}
