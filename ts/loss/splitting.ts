import type { Metric } from "../metric/index.js";
import type { Reconstructor } from "../nn/index.js";
import { PhysicsGenerator, type Physics } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { ArgumentError, checkFlag, checkNumber, checkOptions } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { lossAssumptions } from "./assumptions.js";
import { Loss } from "./loss.js";
import type { ArgsOf } from "./pairing.js";
import { metricOption } from "./shared.js";
import { maskedPhysics, shareOf, sides } from "./split.js";
import { SplittingModel } from "./splitting-model.js";

/** Options of {@link SplittingLoss}. */
export interface SplittingLossOptions {
  /** What compares `M2 A(xNet)` and `M2 y`. Default: mean squared error. */
  metric?: Metric;
  /**
   * Share of the measurement that the network sees, between 0 and 1 (both excluded). Default 0.9. Without effect with
   * `maskGenerator`.
   */
  splitRatio?: number;
  /**
   * Draws the masks of what the network sees. Default null: a `BernoulliSplittingMaskGenerator` of the size of the
   * measurement.
   */
  maskGenerator?: PhysicsGenerator | null;
  /** Masks over which evaluation averages. Default 5. */
  evalNSamples?: number;
  /** Whether the network sees a part in evaluation too; otherwise all of it, once. Default true. */
  evalSplitInput?: boolean;
  /**
   * Whether evaluation averages each pixel over those samples only that did not see it. Default false. For operators
   * whose images and measurements are of one size. Pixels that every sample saw take the average over all samples.
   */
  evalSplitOutput?: boolean;
  /** All channels of a pixel go to the same side. Default true. Without effect with `maskGenerator`. */
  pixelwise?: boolean;
  /** Divides by the share of the entries in M2, so that the value is a mean over the predicted ones. Default true. */
  normalizeLoss?: boolean;
  rng?: RandomSource;
}

const KEYS = [
  "metric",
  "splitRatio",
  "maskGenerator",
  "evalNSamples",
  "evalSplitInput",
  "evalSplitOutput",
  "pixelwise",
  "normalizeLoss",
  "rng",
] as const;

/**
 * Measurement splitting: predicts one part of the measurement from the rest.
 *
 * `metric(M2 A R(M1 y, M1 A), M2 y) / mean(M2)` with random disjoint masks, `M1 + M2` being the mask of the physics
 * where it has one and 1 elsewhere. For noise that is independent between entries, the mean of the squared error
 * version is `|M2 (A R(M1 y, M1 A) - A x)|^2 / m2` plus the noise variance of the predicted entries. (Yaman et al.,
 * "Self-supervised learning of physics-guided reconstruction", 2020; Hendriksen, Pelt, Batenburg, "Noise2Inverse",
 * 2020.)
 *
 * The model must be adapted: `model = loss.adaptModel(model)`, and xNet made with `updateParameters: true`. A mask
 * without a measured pixel and a split that leaves nothing to predict are errors (`empty_mask`, `empty_split`). Images
 * of varying size may follow each other.
 *
 * @returns shape `[B]` for a metric that keeps the batch.
 */
export class SplittingLoss extends Loss {
  readonly name: string = "SplittingLoss";
  readonly assumptions = lossAssumptions.SplittingLoss;
  readonly metric: Metric;
  readonly splitRatio: number;
  readonly maskGenerator: PhysicsGenerator | null;
  readonly evalNSamples: number;
  readonly evalSplitInput: boolean;
  readonly evalSplitOutput: boolean;
  readonly pixelwise: boolean;
  readonly normalizeLoss: boolean;
  private readonly rng: RandomSource | undefined;

  /** @throws ArgumentError `unknown_option` or `invalid_argument`. */
  constructor(options: SplittingLossOptions = {}) {
    super();
    const name = "SplittingLoss";
    checkOptions(name, options, KEYS);
    this.metric = metricOption(name, options.metric);
    this.splitRatio = checkNumber(name, "splitRatio", options.splitRatio ?? 0.9, { positive: true });
    if (this.splitRatio >= 1)
      throw new ArgumentError(
        `${name}: splitRatio must be below 1, or nothing is left to predict; got ${this.splitRatio}.`,
        "invalid_argument",
      );
    this.maskGenerator = generatorOption(name, options.maskGenerator);
    this.evalNSamples = checkNumber(name, "evalNSamples", options.evalNSamples ?? 5, { integer: true, min: 1 });
    this.evalSplitInput = checkFlag(name, "evalSplitInput", options.evalSplitInput, true);
    this.evalSplitOutput = checkFlag(name, "evalSplitOutput", options.evalSplitOutput, false);
    this.pixelwise = checkFlag(name, "pixelwise", options.pixelwise, true);
    this.normalizeLoss = checkFlag(name, "normalizeLoss", options.normalizeLoss, true);
    this.rng = options.rng;
  }

  forward(args: ArgsOf<"SplittingLoss">): Tensor {
    this.check(args);
    const { xNet, y, physics } = args;
    const model: unknown = args.model;
    if (!(model instanceof SplittingModel)) {
      throw new ArgumentError(
        `${this.name}: model must be the SplittingModel that adaptModel returns.`,
        "model_not_adapted",
      );
    }
    const values = model.masks().map((mask) => this.predictionError(mask, xNet, y, physics));
    return values.reduce((a, b) => a.add(b)).div(values.length);
  }

  /** The error of the part that one mask hides. */
  protected predictionError(mask: Tensor, xNet: Tensor, y: Tensor, physics: Physics): Tensor {
    const { mask2 } = sides(this.name, mask, y, physics);
    const share = shareOf(this.name, mask2, "to predict");
    const value = this.metric.forward(maskedPhysics(mask2, y, physics).A(xNet), y.mul(mask2));
    return this.normalizeLoss ? value.div(share) : value;
  }

  /** The model whose network sees a part of the measurement; an adapted model comes back as it is. */
  override adaptModel(model: Reconstructor): SplittingModel<"SplittingLoss"> {
    if (model instanceof SplittingModel) return model as SplittingModel<"SplittingLoss">;
    const { maskGenerator, splitRatio, pixelwise, evalNSamples, evalSplitInput, evalSplitOutput, rng } = this;
    return new SplittingModel(model, {
      adaptedBy: "SplittingLoss",
      maskGenerator,
      splitRatio,
      pixelwise,
      evalNSamples,
      evalSplitInput,
      evalSplitOutput,
      rng,
    });
  }
}

/** The mask generator option of a loss. */
export function generatorOption(name: string, generator: PhysicsGenerator | null | undefined): PhysicsGenerator | null {
  if (generator === undefined || generator === null) return null;
  if (generator instanceof PhysicsGenerator) return generator;
  throw new ArgumentError(
    `${name}: maskGenerator must be a generator such as new BernoulliSplittingMaskGenerator({ imgSize, splitRatio }).`,
    "invalid_argument",
  );
}
