import { Module, type Reconstructor } from "../nn/index.js";
import type { Physics } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import type { Tensor } from "../tensor/index.js";
import type { Adapted } from "./pairing.js";
import { R2RModel } from "./r2r-model.js";
import type { SplittingModel } from "./splitting-model.js";

/** The model an EquivariantSplittingLoss trains: a splitting model inside what the consistency loss needs. */
export class EquivariantSplittingModel extends Module implements Adapted<"EquivariantSplittingLoss"> {
  readonly adaptedBy = "EquivariantSplittingLoss" as const;
  /** The whole model; its weights are this model's weights, under `model.`. */
  readonly model: Reconstructor;
  readonly #splitting: SplittingModel;

  constructor(model: Reconstructor, splitting: SplittingModel) {
    super();
    this.model = model;
    this.#splitting = splitting;
    this.training = model.training;
  }

  /** Reconstructs from a part of the measurement; see {@link SplittingModel}. */
  forward(y: Tensor, physics?: Physics, options: { updateParameters?: boolean; rng?: RandomSource } = {}): Tensor {
    return this.model.forward(y, physics, options);
  }

  /** The splitting masks of the last forward pass with `updateParameters`. */
  masks(): Tensor[] {
    return this.#splitting.masks();
  }

  /**
   * The model for the consistency loss of one mask: a function of the seen part of the measurement, with its mask and
   * every other draw as they were. A recorrupted measurement is cut to that part.
   */
  forConsistency(index: number, mask1: Tensor): Reconstructor {
    const outer = this.model;
    if (outer instanceof R2RModel)
      return Object.create(outer, { corruption: { value: () => outer.corruption().mul(mask1) } }) as R2RModel;
    const held = this.#splitting.held(index);
    return Object.create(this, { forward: { value: held } }) as Reconstructor;
  }
}
