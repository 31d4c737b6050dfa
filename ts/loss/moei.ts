import { freeOnError } from "../tensor/index.js";
import type { RandomSource } from "../random/index.js";
import type { Tensor } from "../tensor/index.js";
import type { Transform } from "../transform/index.js";
import type { ArgsOf } from "./args.js";
import { EI_OPTIONS, type EILossOptions } from "./ei.js";
import { EquivarianceTerm } from "./equivariance.js";
import { NamedLoss } from "./named-loss.js";
import { OperatorPool, POOL_OPTIONS, type OperatorPoolOptions } from "./operator-pool.js";
import { readOptions } from "./options.js";

/** Options of {@link MOEILoss}. */
export interface MOEILossOptions extends EILossOptions, OperatorPoolOptions {}

const OPTIONS = { ...EI_OPTIONS, ...POOL_OPTIONS };

/**
 * Multi-operator equivariant imaging: a reconstruction, transformed and measured by another operator of the set, must
 * be reconstructed unchanged. {@link EILoss} and {@link MOILoss} in one.
 *
 * `weight metric(R(y2, A_s), x2)` with `x2 = T_g xNet` for a random g and `y2 = A_s(x2)` for a random operator, noise
 * and sensor included where `applyNoise` is true. Operators are given as a list, `physics: [a, b]`, or drawn by
 * `physicsGenerator`, one for each transformed image.
 *
 * Poisson, Poisson-Gaussian and Gamma noise exist for values of at least 0 only; where a network returns others, they
 * are measured as 0, the nearest value, which leaves a correct reconstruction as it is. The counts have no derivative.
 *
 * @returns shape `[B]` for a metric that keeps the batch; for several transforms of an image, their mean.
 */
export class MOEILoss extends NamedLoss<"MOEILoss"> {
  readonly #term: EquivarianceTerm;
  readonly #pool: OperatorPool;
  readonly #rng: RandomSource | undefined;

  /** @throws ArgumentError `missing_argument`, `unknown_option` or `invalid_argument`. */
  constructor(options: MOEILossOptions) {
    super("MOEILoss");
    const { physics, physicsGenerator, ...settings } = readOptions(this.name, options, OPTIONS);
    this.#term = new EquivarianceTerm(settings);
    this.#pool = new OperatorPool(this.name, { physics, physicsGenerator });
    this.#rng = settings.rng;
  }

  /** The transforms. */
  get transform(): Transform {
    return this.#term.transform;
  }

  forward(args: ArgsOf<"MOEILoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      const { xNet, model } = args;
      const rng = args.rng ?? this.#rng;
      const physics = this.#pool.next(args.physics, (xNet.shape[0] ?? 1) * this.transform.nTrans, rng);
      return this.#term.value(xNet, physics, model, rng);
    });
  }
}
