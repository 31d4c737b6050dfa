import { checkTensor, freeOnError } from "../tensor/index.js";
import { checkInstance, checkOptionsObject } from "../runtime/index.js";
import type { Reconstructor, ReconstructOptions } from "../nn/index.js";
import type { Physics } from "../physics/index.js";
import type { Tensor } from "../tensor/index.js";
import { AdaptedModel } from "./adapted-model.js";
import { R2RModel } from "./r2r-model.js";
import { SplittingModel } from "./splitting-model.js";

/** The model an EquivariantSplittingLoss trains: a splitting model, adapted further by the consistency loss. */
export class EquivariantSplittingModel extends AdaptedModel<"EquivariantSplittingLoss"> {
  readonly #splitting: SplittingModel;

  constructor(model: Reconstructor, splitting: SplittingModel) {
    super("EquivariantSplittingLoss", model);
    this.#splitting = checkInstance(this.adaptedBy, "splitting", splitting, SplittingModel, "a SplittingModel");
  }

  /** Reconstructs from a part of the measurement; see {@link SplittingModel}. */
  forward(y: Tensor, physics?: Physics, options: ReconstructOptions = {}): Tensor {
    checkTensor(this.adaptedBy, "y", y);
    checkOptionsObject(this.adaptedBy, options);
    return freeOnError(() => this.model.forward(y, physics, options));
  }

  /** The splitting masks of the last forward pass with `updateParameters`. */
  masks(): Tensor[] {
    return this.#splitting.masks();
  }

  /**
   * The model for the consistency loss of one mask: a function of the seen part of the measurement, with its mask and
   * all other random draws held fixed. A recorrupted measurement is restricted to that part.
   */
  forConsistency(index: number, mask1: Tensor): Reconstructor {
    const outer = this.model;
    if (outer instanceof R2RModel)
      return Object.create(outer, { corruption: { value: () => outer.corruption().mul(mask1) } }) as R2RModel;
    const replayed = this.#splitting.replayed(index);
    return Object.create(this, { forward: { value: replayed } }) as Reconstructor;
  }
}
