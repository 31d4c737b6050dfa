import type { Reconstructor, ReconstructOptions } from "../nn/index.js";
import type { Physics } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { checkObject, checkOptionsObject } from "../runtime/index.js";
import { checkTensor, freeOnError, noGrad, type Tensor } from "../tensor/index.js";
import { AdaptedModel } from "./adapted-model.js";
import { checkGridSize, invariant, localAverage, setNumbers, withoutSet } from "./pixel-sets.js";

/** Settings a {@link Noise2SelfModel} takes from its loss. */
export interface Noise2SelfModelSettings {
  readonly width: number;
  readonly evalJInvariant: boolean;
  readonly rng: RandomSource | undefined;
}

/**
 * The model a Noise2SelfLoss trains. The pixels are divided into sets J that are grids of period `width`; the network
 * sees the local average in the place of the pixels of one set, `R(1_J s(y) + (1 - 1_J) y)`.
 *
 * In training a set is drawn for each image, and with `updateParameters` kept for the loss. In evaluation each pixel
 * comes from the pass that did not see it, `g(y) = sum_J 1_J R(1_J s(y) + (1 - 1_J) y)`, without gradients: `width^2`
 * passes.
 */
export class Noise2SelfModel extends AdaptedModel<"Noise2SelfLoss"> {
  readonly #settings: Noise2SelfModelSettings;
  #mask: Tensor | undefined;

  constructor(model: Reconstructor, settings: Noise2SelfModelSettings) {
    checkObject(new.target.name, "settings", settings);
    super("Noise2SelfLoss", model, settings.rng);
    this.#settings = settings;
  }

  /**
   * Reconstructs an image.
   *
   * @throws ShapeError `shape_mismatch` where y is no image of at least `width` x `width` pixels.
   */
  forward(y: Tensor, physics?: Physics, options: ReconstructOptions = {}): Tensor {
    checkTensor(this.adaptedBy, "y", y);
    checkOptionsObject(this.adaptedBy, options);
    return freeOnError(() => {
      const { width, evalJInvariant } = this.#settings;
      checkGridSize(this.adaptedBy, y, width);
      const rng = this.stream(options);
      if (!this.training && !evalJInvariant) return noGrad(() => this.model.forward(y, physics, { rng }));
      const restore = (input: Tensor) => this.model.forward(input, physics, { rng });
      if (!this.training) return invariant(y, width, restore);
      const batch = y.shape[0] ?? 0;
      const mask = setNumbers(y, width).eq(rng.randint(0, width ** 2, [batch], y).reshape([batch, 1, 1, 1]));
      if (options.updateParameters) this.#mask = mask.expand([...y.shape]);
      return restore(withoutSet(y, localAverage(y), mask));
    });
  }

  /**
   * 1 in the sets of the last forward pass in training with `updateParameters`, 0 elsewhere, in the shape of `y`.
   *
   * @throws ArgumentError `missing_argument` where there was none.
   */
  mask(): Tensor {
    return this.kept(this.#mask, "mask of hidden pixels");
  }
}
