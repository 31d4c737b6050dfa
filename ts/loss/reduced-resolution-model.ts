import { checkPhysics } from "../physics/index.js";
import type { Reconstructor, ReconstructOptions } from "../nn/index.js";
import type { Physics } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { ArgumentError, ShapeError, checkOptionsObject } from "../runtime/index.js";
import { noGrad, type Tensor, checkTensor, freeOnError } from "../tensor/index.js";
import { AdaptedModel } from "./adapted-model.js";

/**
 * The model a ReducedResolutionLoss trains: in training it degrades its input once more, `R(A y, A)`; in evaluation it
 * is R.
 */
export class ReducedResolutionModel extends AdaptedModel<"ReducedResolutionLoss"> {
  readonly #physics: Physics | null;

  constructor(model: Reconstructor, physics: Physics | null) {
    super("ReducedResolutionLoss", model);
    if (physics !== null) checkPhysics(this.adaptedBy, physics);
    this.#physics = physics;
  }

  /**
   * Reconstructs, in training from a degraded version of `y`.
   *
   * @throws ArgumentError `missing_argument` without physics; ShapeError `shape_mismatch` where it does not apply to
   * `y`.
   */
  forward(y: Tensor, physics?: Physics, options: ReconstructOptions = {}): Tensor {
    checkTensor(this.adaptedBy, "y", y);
    checkOptionsObject(this.adaptedBy, options);
    return freeOnError(() => {
      const rng = this.stream(options);
      if (!this.training) return this.model.forward(y, physics, { rng });
      if (physics !== undefined) checkPhysics(this.adaptedBy, physics);
      const degrading = this.#physics ?? physics;
      if (!degrading) {
        throw new ArgumentError(
          `${this.adaptedBy}: the physics is missing; give it to model.forward(y, physics), or as the loss's option ` +
            "physics.",
          "missing_argument",
        );
      }
      return this.model.forward(degraded(this.adaptedBy, degrading, y, rng), degrading, { rng });
    });
  }
}

function degraded(name: string, physics: Physics, y: Tensor, rng: RandomSource): Tensor {
  try {
    // Noisy measurements, here in the place of images, may have negative values.
    const degrade = () => physics.forward(y, { rng, clipPositive: true });
    return y.requiresGrad ? degrade() : noGrad(degrade);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new ShapeError(
      `${name}: the physics must apply to its own measurements; make it without imgSize. ${error.message}`,
      error.code,
      { cause: error },
    );
  }
}
