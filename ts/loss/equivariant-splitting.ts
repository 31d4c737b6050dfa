import { EquivariantReconstructor, type Reconstructor, checkModel } from "../nn/index.js";
import { BernoulliSplittingMaskGenerator, type Physics, type PhysicsGenerator } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { ArgumentError, LARGEST, checkObject } from "../runtime/index.js";
import { Tensor, freeOnError } from "../tensor/index.js";
import type { Transform } from "../transform/index.js";
import type { ArgsOf, LossArgs } from "./args.js";
import { EquivariantSplittingModel } from "./equivariant-splitting-model.js";
import { maskGeneratorOption } from "./generator-option.js";
import { Loss } from "./loss.js";
import { MCLoss } from "./mc.js";
import { NamedLoss } from "./named-loss.js";
import { loadNestedState, nestedState } from "./nested-state.js";
import { number, type OptionReader, type OptionReaders, randomStream, readOptions, unchecked } from "./options.js";
import { R2RLoss } from "./r2r.js";
import { fractionOf, maskedPhysics, splitMasks } from "./splitting-masks.js";
import { SplittingModel } from "./splitting-model.js";
import { SureGaussianLoss } from "./sure-gaussian.js";
import { SurePGLoss } from "./sure-pg.js";
import { optionalTransform } from "./transform-option.js";

/** Options of {@link EquivariantSplittingLoss}. */
export interface EquivariantSplittingLossOptions {
  /**
   * Draws the masks of what the network sees. Default: null, a `BernoulliSplittingMaskGenerator` that shows nine tenths
   * of the pixels.
   */
  maskGenerator?: PhysicsGenerator | null;
  /** Size of the measurement without the batch, for the default generator. Default: that of the measurement. */
  imgSize?: readonly number[];
  /**
   * Loss of the seen part, null for none. With noise: `SureGaussianLoss`, `SurePoissonLoss`, `SurePGLoss` or `R2RLoss`.
   * Default: `MCLoss`, for measurements without noise.
   */
  consistencyLoss?: Loss | null;
  /** Loss of the hidden part. Default: `MCLoss`. */
  predictionLoss?: Loss;
  /**
   * Makes the network equivariant in training, by an average over these transforms ({@link EquivariantReconstructor}).
   * Default: null, for a network whose layers are equivariant.
   */
  transform?: Transform | null;
  /** The same in evaluation, such as all elements of the group where training draws one. Default: `transform`. */
  evalTransform?: Transform | null;
  /** Masks over which evaluation averages. Default: 5. */
  evalNSamples?: number;
  /** Random stream, unless a call brings its own. */
  rng?: RandomSource;
}

/** A loss for one part of the measurement. */
const partLoss: OptionReader<Loss> = (value, name, key) => {
  const consistency = key === "consistencyLoss";
  const loss = value === undefined ? new MCLoss() : value;
  if (!(loss instanceof Loss)) {
    throw new ArgumentError(
      `${name}: ${key} must be a loss such as new MCLoss()${consistency ? ", or null for none" : ""}.`,
      "invalid_argument",
    );
  }
  if (!loss.assumptions.adapted || (consistency && loss instanceof R2RLoss)) return loss;
  throw new ArgumentError(
    `${name}: ${key} cannot be a ${loss.name}, which adapts the model in its own way; use MCLoss, a SURE loss or, ` +
      "for consistencyLoss, R2RLoss.",
    "invalid_argument",
  );
};

const OPTIONS = {
  maskGenerator: maskGeneratorOption,
  imgSize: unchecked<readonly number[] | undefined>(),
  consistencyLoss: (value, name, key) => (value === null ? null : partLoss(value, name, key)),
  predictionLoss: (value, name, key) => partLoss(value ?? undefined, name, key),
  transform: optionalTransform,
  evalTransform: optionalTransform,
  evalNSamples: number(5, { integer: true, min: 1, max: LARGEST.batch }),
  rng: randomStream,
} satisfies OptionReaders<EquivariantSplittingLossOptions>;

/** Share of the pixels that the default generator shows to the network. */
const SPLIT_RATIO = 0.9;

/**
 * Equivariant splitting: predicts one part of the measurement from the rest with an equivariant network, so that one
 * operator is enough to learn from (Sechaud et al., "Equivariant splitting", 2026).
 *
 * `prediction(M2 A R(y1, A1), M2 y) / mean(M2) + consistency(M1 A R(y1, A1), M1 y) / mean(M1)` with `y1 = M1 y`, `A1 =
 * M1 A` for random disjoint masks and an equivariant network R, such as the average of any network over `transform`.
 * With the squared error and independent noise of variance sigma^2 its mean is the sum of both errors against the clean
 * measurement plus sigma^2, where the consistency is an unbiased estimate (SURE); with R2R at alpha another `sigma^2 /
 * alpha` is added.
 *
 * A consistency loss that evaluates the network again (SURE) sees it with its mask and all other random draws held
 * fixed. The model must be adapted: `model = loss.adaptModel(model)`, and xNet made with `updateParameters: true`.
 *
 * @returns shape `[B]` for losses that keep the batch.
 */
export class EquivariantSplittingLoss extends NamedLoss<"EquivariantSplittingLoss"> {
  readonly maskGenerator: PhysicsGenerator | null;
  readonly consistencyLoss: Loss | null;
  readonly predictionLoss: Loss;
  readonly transform: Transform | null;
  readonly evalTransform: Transform | null;
  readonly evalNSamples: number;
  readonly #rng: RandomSource | undefined;

  /** @throws ArgumentError `unknown_option`, or `invalid_argument`. */
  constructor(options: EquivariantSplittingLossOptions = {}) {
    super("EquivariantSplittingLoss");
    const { imgSize, transform, evalTransform, ...values } = readOptions(this.name, options, OPTIONS);
    this.maskGenerator =
      values.maskGenerator ??
      (imgSize !== undefined ? new BernoulliSplittingMaskGenerator({ imgSize, splitRatio: SPLIT_RATIO }) : null);
    this.consistencyLoss = values.consistencyLoss;
    this.predictionLoss = values.predictionLoss;
    this.transform = transform ?? null;
    this.evalTransform = evalTransform ?? this.transform;
    if (this.evalTransform && !this.transform) {
      throw new ArgumentError(
        `${this.name}: evalTransform is given but transform, which is used in training, is not; give both, or ` +
          "transform alone.",
        "invalid_argument",
      );
    }
    this.evalNSamples = values.evalNSamples;
    this.#rng = values.rng;
  }

  forward(args: ArgsOf<"EquivariantSplittingLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      const { xNet, y, physics } = args;
      const model = this.adapted(args.model, EquivariantSplittingModel);
      const values = model.masks().map((mask, index) => {
        const { mask1, mask2 } = splitMasks(this.name, mask, y, physics);
        const part = (m: Tensor) => ({
          ...args,
          xNet,
          y: y.mul(m),
          physics: maskedPhysics(m, y, physics),
          model: model.forConsistency(index, mask1),
        });
        const prediction = this.predictionLoss.forward(part(mask2)).div(fractionOf(this.name, mask2, "to predict"));
        if (!this.consistencyLoss) return prediction;
        const seen = fractionOf(this.name, mask1, "to see");
        return prediction.add(consistency(this.consistencyLoss, part(mask1), seen).div(seen));
      });
      return values.reduce((a, b) => a.add(b)).div(values.length);
    });
  }

  /** The model that sees a part of the measurement; an adapted model is returned unchanged. */
  override adaptModel(model: Reconstructor): EquivariantSplittingModel {
    checkModel(this.name, "model", model);
    if (model instanceof EquivariantSplittingModel) return model;
    const { maskGenerator, evalNSamples, transform, evalTransform } = this;
    const network = transform ? new EquivariantReconstructor({ model, transform, evalTransform }) : model;
    const splitting = new SplittingModel(network, {
      adaptedBy: "EquivariantSplittingLoss",
      maskGenerator,
      splitRatio: SPLIT_RATIO,
      pixelwise: true,
      evalNSamples,
      evalSplitInput: true,
      evalSplitOutput: false,
      rng: this.#rng,
    });
    return new EquivariantSplittingModel(this.consistencyLoss?.adaptModel(splitting) ?? splitting, splitting);
  }

  override stateDict(): Record<string, Tensor> {
    return nestedState(this.#parts());
  }

  override loadStateDict(state: Record<string, Tensor>): void {
    checkObject(this.name, "state", state);
    super.loadStateDict(loadNestedState(this.#parts(), state));
  }

  #parts(): Record<string, Loss> {
    return {
      ...(this.consistencyLoss ? { consistencyLoss: this.consistencyLoss } : {}),
      predictionLoss: this.predictionLoss,
    };
  }
}

/**
 * The consistency loss of the seen part, a mean over all entries. SURE subtracts the noise variance for every entry,
 * but only the seen ones, the fraction `seen`, have noise.
 */
function consistency(loss: Loss, args: LossArgs, seen: Tensor): Tensor {
  const gaussian = (loss instanceof SureGaussianLoss && !loss.weighted) || loss instanceof SurePGLoss;
  if (!gaussian) return loss.forward(args);
  // Read before forward, which may change a learned level.
  const sigma2 = loss.variance(args as { y: Tensor; physics: Physics });
  const level = sigma2 instanceof Tensor ? sigma2.clone() : sigma2;
  return (loss as Loss).forward(args).add(seen.neg().add(1).mul(level));
}
