import { checkModel } from "../../nn/index.js";
import type { Metric } from "../../metric/index.js";
import type { Reconstructor } from "../../nn/index.js";
import type { Physics, PhysicsGenerator } from "../../physics/index.js";
import type { RandomSource } from "../../random/index.js";
import { ArgumentError, checkList, checkNumber, LARGEST } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import { metricOption } from "../metric-option.js";
import { NamedLoss } from "../named-loss.js";
import { flag, type OptionReaders, type OptionValues, randomStream } from "../options.js";
import { fractionOf, maskOf, splitMasks } from "../splitting-masks.js";
import { SplittingModel, type SplittingModelSettings } from "../splitting-model.js";
import { COLUMN_OPTIONS, type ColumnWeightOptions, ColumnWeights } from "./column-weights.js";

/** Options of {@link WeightedSplittingLoss}. */
export interface WeightedSplittingLossOptions extends ColumnWeightOptions {
  /** Compares the weighted k-spaces. Default: mean squared error. */
  metric?: Metric;
  /** Divides by the share of the entries in M2. Default: false, since the theorem is about the sum. */
  normalizeLoss?: boolean;
  /** Random stream, unless a call brings its own. */
  rng?: RandomSource;
}

/** Readers of {@link WeightedSplittingLossOptions}. */
export const WEIGHTED_OPTIONS = {
  ...COLUMN_OPTIONS,
  metric: metricOption,
  normalizeLoss: flag(false),
  rng: randomStream,
} satisfies OptionReaders<WeightedSplittingLossOptions>;

/** Names of the losses with weighted columns. */
type WeightedName = "WeightedSplittingLoss" | "RobustSplittingLoss";

/** Base class of the losses that predict hidden columns of k-space with weights. */
export abstract class WeightedSplitting<N extends WeightedName> extends NamedLoss<N> {
  readonly #metric: Metric;
  readonly #maskGenerator: PhysicsGenerator;
  readonly #normalizeLoss: boolean;
  readonly #rng: RandomSource | undefined;
  readonly #weights: ColumnWeights;

  protected constructor(name: N, options: OptionValues<typeof WEIGHTED_OPTIONS>) {
    super(name);
    this.#metric = options.metric;
    this.#maskGenerator = options.maskGenerator;
    this.#normalizeLoss = options.normalizeLoss;
    this.#rng = options.rng;
    this.#weights = new ColumnWeights(name, options);
  }

  /** The weight of each column, `[1, W]`, for images of size `[H, W]`. */
  weight(imgSize: readonly number[]): Tensor {
    for (const side of checkList(this.name, "imgSize", imgSize, 32))
      checkNumber(this.name, "imgSize", side, { integer: true, positive: true, max: LARGEST.imageSide });
    return this.#weights.of(imgSize);
  }

  /** The model whose network sees a part of the measurement; an adapted model is returned unchanged. */
  override adaptModel(model: Reconstructor): SplittingModel<N> {
    checkModel(this.name, "model", model);
    if (model instanceof SplittingModel && model.adaptedBy === this.name) return model as SplittingModel<N>;
    return new SplittingModel<N>(model, {
      adaptedBy: this.name as N,
      maskGenerator: this.#maskGenerator,
      splitRatio: 0.9,
      pixelwise: true,
      evalNSamples: 1,
      evalSplitInput: false,
      evalSplitOutput: false,
      rng: this.#rng,
      ...this.modelSettings(),
    });
  }

  /** Further settings of the adapted model. */
  protected modelSettings(): Pick<SplittingModelSettings, "alter"> {
    return {};
  }

  /** The masks of the pass that made xNet, in which the network must have seen a part of the measurement. */
  protected masks(model: unknown, y: Tensor, physics: Physics): { mask1: Tensor; mask2: Tensor } {
    const adapted = this.adapted(model, SplittingModel);
    const measured = maskOf(physics, y);
    if (measured) {
      try {
        fractionOf(this.name, measured.ne(0).to(y.dtype), "measured");
      } catch {
        throw new ArgumentError(
          `${this.name}: the mask of the physics has no measured pixel for some image of the batch; leave out this ` +
            "image.",
          "empty_mask",
        );
      }
    }
    return splitMasks(this.name, adapted.masks()[0] as Tensor, y, physics);
  }

  /** The unweighted error, `metric(M A(xNet), M y)`. */
  protected error(mask: Tensor, ax: Tensor, y: Tensor): Tensor {
    return this.#metric.forward(ax.mul(mask), y.mul(mask));
  }

  /** `metric(W M2 A(xNet), W M2 y)`, divided by the share of M2 with `normalizeLoss`. */
  protected predictionError(mask2: Tensor, ax: Tensor, y: Tensor): Tensor {
    const weight = this.weight(y.shape.slice(-2)).to(y.dtype).to(y.device);
    const value = this.error(weight.mul(mask2), ax, y);
    return this.#normalizeLoss ? value.div(fractionOf(this.name, mask2, "to predict")) : value;
  }
}
