import { ArgumentError, ShapeError, checkStream, checkObject } from "../runtime/index.js";
import { checkModel, type Reconstructor } from "../nn/index.js";
import { TensorList } from "../physics/index.js";
import { Tensor } from "../tensor/index.js";
import type { Assumptions } from "./assumptions.js";
import { compatibleLosses, describePhysics } from "./compatible.js";
import { mismatch } from "./fitting.js";
import type { LossArgs } from "./args.js";

/** What each argument of `forward` is, for messages. */
const DESCRIPTIONS = {
  x:
    "the ground truth image; where there is none, use a loss that learns from measurements alone, " +
    "such as SureGaussianLoss or R2RLoss",
  y: "the measurement, physics.forward(x) or recorded data",
  xNet: "the reconstruction, model.forward(y, physics)",
  physics:
    "what made the measurement, such as " +
    "new physics.Denoising({ noiseModel: new physics.GaussianNoise({ sigma: 0.1 }) })",
  model: "the network that made xNet",
} as const;

/** What `x` is for a loss of pairs of noisy images. */
const SECOND_IMAGE = "the second noisy image of the same scene";

/**
 * Base class of the losses.
 *
 * A subclass states its `name` and `assumptions`, and implements `forward`, which begins with `this.check(args)`.
 */
export abstract class Loss {
  /** The class's name. */
  abstract readonly name: string;
  /** What the loss assumes about noise, operator, arguments and model. */
  abstract readonly assumptions: Assumptions;

  /**
   * The value of the loss.
   *
   * @returns shape `[B]`, or a scalar where the mathematics gives one.
   * @throws ArgumentError `missing_argument`, `incompatible_physics` or `model_not_adapted`; ShapeError
   * `shape_mismatch`.
   */
  abstract forward(args: LossArgs): Tensor;

  /** The model to train with this loss; most losses return it unchanged. */
  adaptModel(model: Reconstructor): Reconstructor {
    checkModel(this.name, "model", model);
    return model;
  }

  /** Tensors that the loss itself learns or keeps between steps (such as an estimated noise level), by name. */
  stateDict(): Record<string, Tensor> {
    return {};
  }

  /** Restores what {@link stateDict} returned. */
  loadStateDict(state: Record<string, Tensor>): void {
    checkObject(this.name, "state", state);
    const unknown = Object.keys(state)[0];
    if (unknown !== undefined)
      throw new ArgumentError(`${this.name}: has no state named "${unknown}".`, "unexpected_key");
  }

  /**
   * Refuses missing arguments, a physics that violates the assumptions, a model that was not adapted and an `rng` that
   * is no random stream.
   */
  protected check(args: object): void {
    if (args === null || typeof args !== "object") {
      throw new ArgumentError(
        `${this.name}: forward takes one object, { ${this.assumptions.needs.join(", ")} }.`,
        "invalid_argument",
      );
    }
    const given = args as Record<string, unknown>;
    const stacked = this.assumptions.operator.includes("stacked");
    for (const need of this.assumptions.needs) {
      const value = given[need];
      const description = need === "x" && this.assumptions.noisyPairs ? SECOND_IMAGE : DESCRIPTIONS[need];
      if (value === undefined || value === null) {
        throw new ArgumentError(`${this.name}: ${need} is missing; it is ${description}.`, "missing_argument");
      }
      if (
        need !== "physics" &&
        need !== "model" &&
        !(value instanceof (need === "y" && stacked ? TensorList : Tensor))
      ) {
        const type = need === "y" && stacked ? "TensorList" : "Tensor";
        throw new ArgumentError(`${this.name}: ${need} must be a ${type}; it is ${description}.`, "invalid_argument");
      }
      if (need === "physics") this.checkPhysics(value);
      if (need === "model") this.#checkModel(value);
    }
    checkStream(this.name, given.rng);
  }

  /**
   * Refuses a physics that violates the assumptions; the Trainer calls it before a training begins.
   *
   * @throws ArgumentError `incompatible_physics`, with the losses that fit; `invalid_argument` for what is no physics.
   */
  checkPhysics(physics: unknown): void {
    const reason = mismatch(this.assumptions, describePhysics(physics, this.name));
    if (reason === undefined) return;
    const fitting = compatibleLosses(physics as NonNullable<LossArgs["physics"]>);
    throw new ArgumentError(
      `${this.name}: ${reason}. Losses that fit this physics: ${fitting.join(", ")}.`,
      "incompatible_physics",
    );
  }

  #checkModel(model: unknown): void {
    const candidate = model as Partial<Reconstructor> & { adaptedBy?: string };
    if (typeof candidate.forward !== "function") {
      throw new ArgumentError(
        `${this.name}: model must have a forward method; it is ${DESCRIPTIONS.model}.`,
        "invalid_argument",
      );
    }
    if (this.assumptions.adapted && candidate.adaptedBy !== this.name) {
      throw new ArgumentError(
        `${this.name}: the model is not adapted; call model = loss.adaptModel(model) before training and use that ` +
          "model to make xNet.",
        "model_not_adapted",
      );
    }
  }

  /** Refuses two tensors of different shapes, which would otherwise broadcast silently. */
  protected sameShape(a: Tensor, aName: string, b: Tensor, bName: string): void {
    if (a.shape.join() === b.shape.join()) return;
    throw new ShapeError(
      `${this.name}: ${aName} has shape [${a.shape.join(", ")}] but ${bName} has shape [${b.shape.join(", ")}]; ` +
        "they must agree.",
      "shape_mismatch",
    );
  }
}
