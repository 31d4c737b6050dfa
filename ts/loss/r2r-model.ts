import { Module, type Reconstructor } from "../nn/index.js";
import type { NoiseModel, Physics } from "../physics/index.js";
import { resolveRng, type RandomSource } from "../random/index.js";
import { ArgumentError } from "../runtime/index.js";
import { noGrad, type Tensor } from "../tensor/index.js";
import type { Adapted } from "./pairing.js";
import { recorrupt } from "./recorruption.js";

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
export class R2RModel extends Module implements Adapted<"R2RLoss"> {
  readonly adaptedBy = "R2RLoss" as const;
  /** The network R; its weights are this model's weights, under `model.`. */
  readonly model: Reconstructor;
  readonly #settings: R2RModelSettings;
  #corruption: Tensor | undefined;

  constructor(model: Reconstructor, settings: R2RModelSettings) {
    super();
    this.model = model;
    this.#settings = settings;
    this.training = model.training;
  }

  /**
   * Reconstructs from corrupted measurements.
   *
   * @throws ArgumentError `missing_argument` where neither the loss nor the physics names a noise model.
   */
  forward(y: Tensor, physics?: Physics, options: { updateParameters?: boolean; rng?: RandomSource } = {}): Tensor {
    const { alpha, evalNSamples } = this.#settings;
    const noise = this.#settings.noiseModel ?? physics?.noiseModel;
    if (!noise) {
      throw new ArgumentError(
        "R2RLoss: the noise model is missing; it comes from the physics given to model.forward(y, physics), or from the loss's option noiseModel.",
        "missing_argument",
      );
    }
    const rng = resolveRng(options.rng, this.#settings.rng);
    if (this.training) {
      const y1 = recorrupt(y, noise, alpha, rng);
      if (options.updateParameters) this.#corruption = y1;
      // A model that draws its own (a splitting model) keeps its draw too.
      return this.model.forward(y1, physics, { rng, ...(options.updateParameters ? { updateParameters: true } : {}) });
    }
    return noGrad(() => {
      let total: Tensor | undefined;
      for (let i = 0; i < evalNSamples; i++) {
        const sample = this.model.forward(recorrupt(y, noise, alpha, rng), physics, { rng });
        total = total ? total.add(sample) : sample;
      }
      return (total as Tensor).div(evalNSamples);
    });
  }

  /**
   * The y1 of the last forward pass in training with `updateParameters`.
   *
   * @throws ArgumentError `missing_argument` where there was none.
   */
  corruption(): Tensor {
    if (this.#corruption) return this.#corruption;
    throw new ArgumentError(
      "R2RLoss: no corrupted measurement is stored; make xNet with model.train() and model.forward(y, physics, { updateParameters: true }).",
      "missing_argument",
    );
  }
}
