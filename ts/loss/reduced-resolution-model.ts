import { Module, type Reconstructor } from "../nn/index.js";
import type { Physics } from "../physics/index.js";
import { resolveRng, type RandomSource } from "../random/index.js";
import { ArgumentError, ShapeError } from "../runtime/index.js";
import { noGrad, type Tensor } from "../tensor/index.js";
import type { Adapted } from "./pairing.js";

/**
 * The model a ReducedResolutionLoss trains: in training it degrades its input once more, `R(A y, A)`; in evaluation it
 * is R.
 */
export class ReducedResolutionModel extends Module implements Adapted<"ReducedResolutionLoss"> {
  readonly adaptedBy = "ReducedResolutionLoss" as const;
  /** The network R; its weights are this model's weights, under `model.`. */
  readonly model: Reconstructor;
  readonly #physics: Physics | null;

  constructor(model: Reconstructor, physics: Physics | null) {
    super();
    this.model = model;
    this.#physics = physics;
    this.training = model.training;
  }

  /**
   * Reconstructs, in training from a degraded version of `y`.
   *
   * @throws ArgumentError `missing_argument` without physics; ShapeError `shape_mismatch` where it does not apply to
   * `y`.
   */
  forward(y: Tensor, physics?: Physics, options: { updateParameters?: boolean; rng?: RandomSource } = {}): Tensor {
    const rng = resolveRng(options.rng);
    if (!this.training) return this.model.forward(y, physics, { rng });
    const degrade = this.#physics ?? physics;
    if (!degrade) {
      throw new ArgumentError(
        "ReducedResolutionLoss: the physics is missing; give it to model.forward(y, physics), or as the loss's option physics.",
        "missing_argument",
      );
    }
    return this.model.forward(degraded(degrade, y, rng), degrade, { rng });
  }
}

function degraded(physics: Physics, y: Tensor, rng: RandomSource): Tensor {
  try {
    return y.requiresGrad ? physics.forward(y, { rng }) : noGrad(() => physics.forward(y, { rng }));
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new ShapeError(
      `ReducedResolutionLoss: the physics must apply to its own measurements; make it without imgSize. ${error.message}`,
      error.code,
      { cause: error },
    );
  }
}
