import { checkModel, Module, type Reconstructor, type ReconstructOptions } from "../nn/index.js";
import type { Physics } from "../physics/index.js";
import { resolveRng, type RandomSource } from "../random/index.js";
import { ArgumentError, checkStream, checkText } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import type { Adapted } from "./args.js";

/**
 * Base class of the models that losses adapt: a network R inside, which `forward` evaluates at measurements that the
 * loss has changed (recorrupted, split, degraded).
 */
export abstract class AdaptedModel<L extends string = string> extends Module implements Adapted<L> {
  readonly adaptedBy: L;
  /** The network R; its weights are this model's weights, under `model.`. */
  readonly model: Reconstructor;
  readonly #rng: RandomSource | undefined;

  /** @param rng random stream of the loss, for passes that bring none. */
  constructor(adaptedBy: L, model: Reconstructor, rng?: RandomSource) {
    super();
    checkText(new.target.name, "adaptedBy", adaptedBy);
    checkModel(adaptedBy, "model", model);
    checkStream(adaptedBy, rng);
    this.adaptedBy = adaptedBy;
    this.model = model;
    this.#rng = rng;
    this.training = model.training;
  }

  /** The reconstruction; with `updateParameters` what was drawn is kept for the loss. */
  abstract forward(y: Tensor, physics?: Physics, options?: ReconstructOptions): Tensor;

  /** The random stream of a pass: that of the call, else that of the loss, else that of the library. */
  protected stream(options: ReconstructOptions): RandomSource {
    return resolveRng(options.rng, this.#rng);
  }

  /**
   * What the last pass with `updateParameters` kept.
   *
   * @throws ArgumentError `missing_argument` where there was none.
   */
  protected kept<T>(value: T | undefined, what: string): T {
    if (value !== undefined) return value;
    throw new ArgumentError(
      `${this.adaptedBy}: no ${what} is stored; make xNet with model.train() and ` +
        "model.forward(y, physics, { updateParameters: true }).",
      "missing_argument",
    );
  }
}
