import { EquivariantReconstructor, type Reconstructor } from "../nn/index.js";
import { BernoulliSplittingMaskGenerator, type PhysicsGenerator } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { ArgumentError, checkNumber, checkOptions } from "../runtime/index.js";
import { Tensor } from "../tensor/index.js";
import type { Transform } from "../transform/index.js";
import { lossAssumptions } from "./assumptions.js";
import { transformOption } from "./ei.js";
import { EquivariantSplittingModel } from "./equivariant-splitting-model.js";
import { Loss } from "./loss.js";
import { MCLoss } from "./mc.js";
import { loadNestedState, nestedState } from "./nested-state.js";
import type { ArgsOf } from "./pairing.js";
import { R2RLoss } from "./r2r.js";
import { maskedPhysics, shareOf, sides } from "./split.js";
import { generatorOption } from "./splitting.js";
import { SplittingModel } from "./splitting-model.js";
import { SureGaussianLoss } from "./sure-gaussian.js";
import { SurePGLoss } from "./sure-pg.js";

/** Options of {@link EquivariantSplittingLoss}. */
export interface EquivariantSplittingLossOptions {
  /**
   * Draws the masks of what the network sees. Default: nine tenths of the pixels, a `BernoulliSplittingMaskGenerator`.
   */
  maskGenerator?: PhysicsGenerator | null;
  /**
   * Size of the measurement without the batch, for the default generator; it is taken from the measurement where it is
   * not given.
   */
  imgSize?: readonly number[];
  /**
   * Loss of the seen part, null for none. Default `MCLoss`, for measurements without noise. With noise:
   * `SureGaussianLoss`, `SurePoissonLoss`, `SurePGLoss` or `R2RLoss`.
   */
  consistencyLoss?: Loss | null;
  /** Loss of the hidden part. Default `MCLoss`. */
  predictionLoss?: Loss;
  /**
   * Makes the network equivariant in training, by an average over these transforms ({@link EquivariantReconstructor}).
   * Default null: the network is taken as it is, for one whose layers are equivariant.
   */
  transform?: Transform | null;
  /** The same in evaluation, such as all elements of the group where training draws one. Default: `transform`. */
  evalTransform?: Transform | null;
  /** Masks over which evaluation averages. Default 5. */
  evalNSamples?: number;
  rng?: RandomSource;
}

const KEYS = [
  "maskGenerator",
  "imgSize",
  "consistencyLoss",
  "predictionLoss",
  "transform",
  "evalTransform",
  "evalNSamples",
  "rng",
] as const;

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
 * A consistency loss that evaluates the network again (SURE) sees it with mask and every other draw held fixed. The
 * model must be adapted: `model = loss.adaptModel(model)`, and xNet made with `updateParameters: true`.
 *
 * @returns shape `[B]` for losses that keep the batch.
 */
export class EquivariantSplittingLoss extends Loss {
  readonly name: string = "EquivariantSplittingLoss";
  readonly assumptions = lossAssumptions.EquivariantSplittingLoss;
  readonly maskGenerator: PhysicsGenerator | null;
  readonly consistencyLoss: Loss | null;
  readonly predictionLoss: Loss;
  readonly transform: Transform | null;
  readonly evalTransform: Transform | null;
  readonly evalNSamples: number;
  private readonly rng: RandomSource | undefined;

  /** @throws ArgumentError `unknown_option`, or `invalid_argument`. */
  constructor(options: EquivariantSplittingLossOptions = {}) {
    super();
    const name = "EquivariantSplittingLoss";
    checkOptions(name, options, KEYS);
    const { imgSize } = options;
    const given = generatorOption(name, options.maskGenerator);
    this.maskGenerator = given ?? (imgSize ? new BernoulliSplittingMaskGenerator({ imgSize, splitRatio: 0.9 }) : null);
    this.consistencyLoss = options.consistencyLoss === undefined ? new MCLoss() : options.consistencyLoss;
    this.predictionLoss = options.predictionLoss ?? new MCLoss();
    for (const [key, loss] of Object.entries({
      consistencyLoss: this.consistencyLoss,
      predictionLoss: this.predictionLoss,
    }))
      checkPart(name, key, loss);
    this.transform = optional(name, "transform", options.transform);
    this.evalTransform = optional(name, "evalTransform", options.evalTransform) ?? this.transform;
    if (this.evalTransform && !this.transform) {
      throw new ArgumentError(
        `${name}: evalTransform is given but transform, which serves training, is not; give both, or transform alone.`,
        "invalid_argument",
      );
    }
    this.evalNSamples = checkNumber(name, "evalNSamples", options.evalNSamples ?? 5, { integer: true, min: 1 });
    this.rng = options.rng;
  }

  forward(args: ArgsOf<"EquivariantSplittingLoss">): Tensor {
    this.check(args);
    const { xNet, y, physics } = args;
    const model: unknown = args.model;
    if (!(model instanceof EquivariantSplittingModel)) {
      throw new ArgumentError(`${this.name}: model must be the model that adaptModel returns.`, "model_not_adapted");
    }
    const values = model.masks().map((mask, index) => {
      const { mask1, mask2 } = sides(this.name, mask, y, physics);
      const part = (m: Tensor) => ({
        ...args,
        xNet,
        y: y.mul(m),
        physics: maskedPhysics(m, y, physics),
        model: model.forConsistency(index, mask1),
      });
      const prediction = this.predictionLoss.forward(part(mask2)).div(shareOf(this.name, mask2, "to predict"));
      if (!this.consistencyLoss) return prediction;
      const share = shareOf(this.name, mask1, "to see");
      return prediction.add(this.consistency(this.consistencyLoss, part(mask1), share).div(share));
    });
    return values.reduce((a, b) => a.add(b)).div(values.length);
  }

  /** The model that sees a part of the measurement; an adapted model comes back as it is. */
  override adaptModel(model: Reconstructor): EquivariantSplittingModel {
    if (model instanceof EquivariantSplittingModel) return model;
    const { maskGenerator, evalNSamples, transform, evalTransform, rng } = this;
    const network = transform ? new EquivariantReconstructor({ model, transform, evalTransform }) : model;
    const splitting = new SplittingModel(network, {
      adaptedBy: "EquivariantSplittingLoss",
      maskGenerator,
      splitRatio: 0.9,
      pixelwise: true,
      evalNSamples,
      evalSplitInput: true,
      evalSplitOutput: false,
      rng,
    });
    return new EquivariantSplittingModel(this.consistencyLoss?.adaptModel(splitting) ?? splitting, splitting);
  }

  override stateDict(): Record<string, Tensor> {
    return nestedState(this.parts());
  }

  override loadStateDict(state: Record<string, Tensor>): void {
    super.loadStateDict(loadNestedState(this.parts(), state));
  }

  private parts(): Record<string, Loss> {
    return {
      ...(this.consistencyLoss ? { consistencyLoss: this.consistencyLoss } : {}),
      predictionLoss: this.predictionLoss,
    };
  }

  /**
   * The consistency loss of the seen part, a mean over all entries. SURE takes the noise variance of every entry off;
   * only the seen ones, the share of M1, have noise.
   */
  private consistency(loss: Loss, args: Parameters<Loss["forward"]>[0], share: Tensor): Tensor {
    const gaussian = (loss instanceof SureGaussianLoss && !loss.weighted) || loss instanceof SurePGLoss;
    if (!gaussian) return loss.forward(args);
    // Before forward, which may move a level that is learned.
    const sigma2 = loss.sigma2;
    const level = sigma2 instanceof Tensor ? sigma2.clone() : sigma2;
    return (loss as Loss).forward(args).add(share.neg().add(1).mul(level));
  }
}

function optional(name: string, key: string, transform: Transform | null | undefined): Transform | null {
  return transform === undefined || transform === null ? null : transformOption(name, key, transform);
}

function checkPart(name: string, key: string, loss: Loss | null): void {
  if (loss === null && key === "consistencyLoss") return;
  if (!(loss instanceof Loss)) {
    throw new ArgumentError(
      `${name}: ${key} must be a loss such as new MCLoss()${key === "consistencyLoss" ? ", or null for none" : ""}.`,
      "invalid_argument",
    );
  }
  const adapts = loss.assumptions.adapted && !(key === "consistencyLoss" && loss instanceof R2RLoss);
  if (adapts)
    throw new ArgumentError(
      `${name}: ${key} cannot be a ${loss.name}, which adapts the model in its own way; take MCLoss, a SURE loss or, for consistencyLoss, R2RLoss.`,
      "invalid_argument",
    );
}
