import type { Reconstructor, ReconstructOptions } from "../nn/index.js";
import type { Physics } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { checkObject, checkOptionsObject } from "../runtime/index.js";
import { checkTensor, freeOnError, noGrad, type Tensor } from "../tensor/index.js";
import { AdaptedModel } from "./adapted-model.js";
import type { Recorruptor } from "./recorruptor.js";

/** Settings a {@link LearningToRecorruptModel} takes from its loss. */
export interface LearningToRecorruptModelSettings {
  readonly recorruptor: Recorruptor;
  readonly alpha: number;
  readonly evalNSamples: number;
  readonly rng: RandomSource | undefined;
}

/**
 * The model a LearningToRecorruptLoss trains: it adds learned noise to its input, `R(y + alpha h(w, y))`.
 *
 * In training for one draw of w, whose h is kept for the loss (with `updateParameters`); in evaluation the average over
 * `evalNSamples` draws, without gradients. Its weights are those of R: h belongs to the loss, which makes large what
 * the optimiser makes small.
 */
export class LearningToRecorruptModel extends AdaptedModel<"LearningToRecorruptLoss"> {
  readonly #settings: LearningToRecorruptModelSettings;
  #corruption: Tensor | undefined;

  constructor(model: Reconstructor, settings: LearningToRecorruptModelSettings) {
    checkObject(new.target.name, "settings", settings);
    super("LearningToRecorruptLoss", model, settings.rng);
    this.#settings = settings;
  }

  /** Reconstructs from corrupted measurements. */
  forward(y: Tensor, physics?: Physics, options: ReconstructOptions = {}): Tensor {
    checkTensor(this.adaptedBy, "y", y);
    checkOptionsObject(this.adaptedBy, options);
    return freeOnError(() => {
      const { recorruptor, alpha, evalNSamples } = this.#settings;
      const rng = this.stream(options);
      recorruptor.train(this.training);
      const corruption = () => recorruptor.forward(rng.normal([...y.shape], y), y);
      // R learns from the noise, and the noise not from R.
      const corrupted = (h: Tensor) => y.add(h.detach().mul(alpha));
      if (this.training) {
        const h = corruption();
        if (options.updateParameters) this.#corruption = h;
        return this.model.forward(corrupted(h), physics, {
          rng,
          ...(options.updateParameters ? { updateParameters: true } : {}),
        });
      }
      return noGrad(() =>
        Array.from({ length: evalNSamples }, () => this.model.forward(corrupted(corruption()), physics, { rng }))
          .reduce((a, b) => a.add(b))
          .div(evalNSamples),
      );
    });
  }

  /**
   * The h of the last forward pass in training with `updateParameters`.
   *
   * @throws ArgumentError `missing_argument` where there was none.
   */
  corruption(): Tensor {
    return this.kept(this.#corruption, "learned corruption");
  }
}
