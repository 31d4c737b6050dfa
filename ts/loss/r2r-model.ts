import { checkObject, checkOptionsObject } from "../runtime/index.js";
import type { Reconstructor, ReconstructOptions } from "../nn/index.js";
import type { NoiseModel, Physics } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { noGrad, type Tensor, checkTensor, freeOnError } from "../tensor/index.js";
import { AdaptedModel } from "./adapted-model.js";
import { recorrupt } from "./recorruption.js";
import { noiseOf } from "./splittable-noise.js";

/** Settings an {@link R2RModel} takes from its loss. */
export interface R2RModelSettings {
  readonly alpha: number;
  readonly evalNSamples: number;
  readonly noiseModel: NoiseModel | null;
  readonly rng: RandomSource | undefined;
}

/**
 * The model an R2RLoss trains: it corrupts its input once more.
 *
 * In training it returns `R(y1)` for one draw of y1 and keeps y1 for the loss (with `updateParameters`); in evaluation
 * the average over `evalNSamples` draws, without gradients.
 */
export class R2RModel extends AdaptedModel<"R2RLoss"> {
  readonly #settings: R2RModelSettings;
  #corruption: Tensor | undefined;

  constructor(model: Reconstructor, settings: R2RModelSettings) {
    checkObject(new.target.name, "settings", settings);
    super("R2RLoss", model, settings.rng);
    this.#settings = settings;
  }

  /**
   * Reconstructs from corrupted measurements.
   *
   * @throws ArgumentError `missing_argument` where neither the loss nor the physics has a noise model.
   */
  forward(y: Tensor, physics?: Physics, options: ReconstructOptions = {}): Tensor {
    checkTensor(this.adaptedBy, "y", y);
    checkOptionsObject(this.adaptedBy, options);
    return freeOnError(() => {
      const { alpha, evalNSamples, noiseModel } = this.#settings;
      const noise = noiseOf(this.adaptedBy, noiseModel, physics);
      const rng = this.stream(options);
      if (this.training) {
        const y1 = recorrupt(y, noise, alpha, rng);
        if (options.updateParameters) this.#corruption = y1;
        // A model inside that draws too (a splitting model) keeps its draw as well.
        return this.model.forward(y1, physics, {
          rng,
          ...(options.updateParameters ? { updateParameters: true } : {}),
        });
      }
      return noGrad(() => {
        const samples = Array.from({ length: evalNSamples }, () =>
          this.model.forward(recorrupt(y, noise, alpha, rng), physics, { rng }),
        );
        return samples.reduce((a, b) => a.add(b)).div(evalNSamples);
      });
    });
  }

  /**
   * The y1 of the last forward pass in training with `updateParameters`.
   *
   * @throws ArgumentError `missing_argument` where there was none.
   */
  corruption(): Tensor {
    return this.kept(this.#corruption, "corrupted measurement");
  }
}
