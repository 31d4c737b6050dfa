import type { Reconstructor, ReconstructOptions } from "../nn/index.js";
import type { Physics } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { checkObject, checkOptionsObject } from "../runtime/index.js";
import { checkTensor, freeOnError, noGrad, type Tensor } from "../tensor/index.js";
import { AdaptedModel } from "./adapted-model.js";
import { type BlindSpotSettings, hideSpots } from "./blind-spots.js";

/** Settings a {@link Noise2VoidModel} takes from its loss. */
export interface Noise2VoidModelSettings extends BlindSpotSettings {
  readonly rng: RandomSource | undefined;
}

/**
 * The model a Noise2VoidLoss trains: some pixels of its input are hidden in training, and none in evaluation.
 *
 * With `updateParameters` the mask of the hidden pixels is kept for the loss.
 */
export class Noise2VoidModel extends AdaptedModel<"Noise2VoidLoss"> {
  readonly #settings: Noise2VoidModelSettings;
  #spots: Tensor | undefined;

  constructor(model: Reconstructor, settings: Noise2VoidModelSettings) {
    checkObject(new.target.name, "settings", settings);
    super("Noise2VoidLoss", model, settings.rng);
    this.#settings = settings;
  }

  /**
   * Reconstructs an image; in evaluation without gradients.
   *
   * @throws ShapeError `shape_mismatch` where y is no image of at least 2 x 2 pixels.
   */
  forward(y: Tensor, physics?: Physics, options: ReconstructOptions = {}): Tensor {
    checkTensor(this.adaptedBy, "y", y);
    checkOptionsObject(this.adaptedBy, options);
    return freeOnError(() => {
      const rng = this.stream(options);
      if (!this.training) return noGrad(() => this.model.forward(y, physics, { rng }));
      const { input, spots } = hideSpots(this.adaptedBy, y, this.#settings, rng);
      if (options.updateParameters) this.#spots = spots;
      return this.model.forward(input, physics, { rng });
    });
  }

  /**
   * 1 at the spots of the last forward pass in training with `updateParameters`, 0 elsewhere, in the shape of `y`.
   *
   * @throws ArgumentError `missing_argument` where there was none.
   */
  spots(): Tensor {
    return this.kept(this.#spots, "mask of hidden pixels");
  }
}
