import { checkModel } from "../nn/index.js";
import { freeOnError } from "../tensor/index.js";
import { LARGEST } from "../runtime/index.js";
import type { Metric } from "../metric/index.js";
import type { Reconstructor } from "../nn/index.js";
import type { Physics, PhysicsGenerator } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import type { Tensor } from "../tensor/index.js";
import type { ArgsOf } from "./args.js";
import { maskGeneratorOption } from "./generator-option.js";
import { metricOption } from "./metric-option.js";
import { NamedLoss } from "./named-loss.js";
import { flag, fraction, number, type OptionReaders, randomStream, readOptions } from "./options.js";
import { fractionOf, maskedPhysics, splitMasks } from "./splitting-masks.js";
import { SplittingModel } from "./splitting-model.js";

/** Options of {@link SplittingLoss}. */
export interface SplittingLossOptions {
  /** Compares `M2 A(xNet)` and `M2 y`. Default: mean squared error. */
  metric?: Metric;
  /**
   * Share of the measurement that the network sees, between 0 and 1 (both excluded). Without effect with
   * `maskGenerator`. Default: 0.9.
   */
  splitRatio?: number;
  /**
   * Draws the masks of what the network sees. Default: null, a `BernoulliSplittingMaskGenerator` of the size of the
   * measurement.
   */
  maskGenerator?: PhysicsGenerator | null;
  /** Masks over which evaluation averages, at most 65536. Default: 5. */
  evalNSamples?: number;
  /** Whether the network sees a part in evaluation too; otherwise all of it, once. Default: true. */
  evalSplitInput?: boolean;
  /**
   * Whether evaluation averages each pixel only over the samples that did not see it. For operators whose images and
   * measurements have the same size. Pixels that every sample saw get the average over all samples. Default: false.
   */
  evalSplitOutput?: boolean;
  /** Whether all channels of a pixel go to the same part. Without effect with `maskGenerator`. Default: true. */
  pixelwise?: boolean;
  /** Divides by the share of the entries in M2, so that the value is a mean over the predicted ones. Default: true. */
  normalizeLoss?: boolean;
  /** Random stream, unless a call brings its own. */
  rng?: RandomSource;
}

const OPTIONS = {
  metric: metricOption,
  splitRatio: fraction(0.9),
  maskGenerator: maskGeneratorOption,
  evalNSamples: number(5, { integer: true, min: 1, max: LARGEST.batch }),
  evalSplitInput: flag(true),
  evalSplitOutput: flag(false),
  pixelwise: flag(true),
  normalizeLoss: flag(true),
  rng: randomStream,
} satisfies OptionReaders<SplittingLossOptions>;

/**
 * Measurement splitting: predicts one part of the measurement from the rest.
 *
 * `metric(M2 A R(M1 y, M1 A), M2 y) / mean(M2)` with random disjoint masks, `M1 + M2` being the mask of the physics
 * where it has one and 1 elsewhere. For noise that is independent between entries, the mean of the squared error
 * version is `|M2 (A R(M1 y, M1 A) - A x)|^2 / m2` plus the noise variance of the predicted entries. (Yaman et al.,
 * "Self-supervised learning of physics-guided reconstruction neural networks without fully sampled reference data",
 * 2020, arXiv:1912.07669; Hendriksen, Pelt, Batenburg, "Noise2Inverse", 2020, arXiv:2001.11801.)
 *
 * Only what was hidden is learned: a network that does not return to the measurement by itself, such as a denoiser,
 * gives anything at the pixels that it saw. There take `evalSplitOutput: true`, a `splitRatio` of about 0.6 and an
 * `evalNSamples` of about 10, so that each pixel of the result comes from passes that did not see it.
 *
 * The model must be adapted: `model = loss.adaptModel(model)`, and xNet made with `updateParameters: true`. A mask
 * without a measured pixel and a split that leaves nothing to predict are errors (`empty_mask`, `empty_split`). The
 * size of the images may change between calls.
 *
 * @returns shape `[B]` for a metric that keeps the batch.
 */
export class SplittingLoss extends NamedLoss<"SplittingLoss"> {
  readonly metric: Metric;
  readonly splitRatio: number;
  readonly maskGenerator: PhysicsGenerator | null;
  readonly evalNSamples: number;
  readonly evalSplitInput: boolean;
  readonly evalSplitOutput: boolean;
  readonly pixelwise: boolean;
  readonly normalizeLoss: boolean;
  readonly #rng: RandomSource | undefined;

  /** @throws ArgumentError `unknown_option` or `invalid_argument`. */
  constructor(options: SplittingLossOptions = {}) {
    super("SplittingLoss");
    const values = readOptions(this.name, options, OPTIONS);
    this.metric = values.metric;
    this.splitRatio = values.splitRatio;
    this.maskGenerator = values.maskGenerator;
    this.evalNSamples = values.evalNSamples;
    this.evalSplitInput = values.evalSplitInput;
    this.evalSplitOutput = values.evalSplitOutput;
    this.pixelwise = values.pixelwise;
    this.normalizeLoss = values.normalizeLoss;
    this.#rng = values.rng;
  }

  forward(args: ArgsOf<"SplittingLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      const { xNet, y, physics } = args;
      const masks = this.adapted(args.model, SplittingModel).masks();
      const values = masks.map((mask) => this.predictionError(mask, xNet, y, physics));
      return values.reduce((a, b) => a.add(b)).div(values.length);
    });
  }

  /** The error of the part that one mask hides, `metric(M2 A(xNet), M2 y) / mean(M2)`. */
  protected predictionError(mask: Tensor, xNet: Tensor, y: Tensor, physics: Physics): Tensor {
    const { mask2 } = splitMasks(this.name, mask, y, physics);
    const predicted = fractionOf(this.name, mask2, "to predict");
    const value = this.metric.forward(maskedPhysics(mask2, y, physics).A(xNet), y.mul(mask2));
    return this.normalizeLoss ? value.div(predicted) : value;
  }

  /** The model whose network sees a part of the measurement; an adapted model is returned unchanged. */
  override adaptModel(model: Reconstructor): SplittingModel<"SplittingLoss"> {
    checkModel(this.name, "model", model);
    if (model instanceof SplittingModel) return model as SplittingModel<"SplittingLoss">;
    const { maskGenerator, splitRatio, pixelwise, evalNSamples, evalSplitInput, evalSplitOutput } = this;
    return new SplittingModel(model, {
      adaptedBy: "SplittingLoss",
      maskGenerator,
      splitRatio,
      pixelwise,
      evalNSamples,
      evalSplitInput,
      evalSplitOutput,
      rng: this.#rng,
    });
  }
}
