import type { RandomSource } from "../random/index.js";
import { checkOptions } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import type { Transform } from "../transform/index.js";
import { lossAssumptions } from "./assumptions.js";
import { EI_KEYS, EquivarianceTerm, type EILossOptions } from "./ei.js";
import { Loss } from "./loss.js";
import { OperatorPool, type OperatorPoolOptions } from "./operator-pool.js";
import type { ArgsOf } from "./pairing.js";

/** Options of {@link MOEILoss}. */
export interface MOEILossOptions extends EILossOptions, OperatorPoolOptions {}

/**
 * Multi-operator equivariant imaging: a reconstruction, transformed and measured by another operator of the set, must
 * be reconstructed as it is. {@link EILoss} and {@link MOILoss} in one.
 *
 * `weight metric(R(y2, A_s), x2)` with `x2 = T_g xNet` for a random g and `y2 = A_s(x2)` for a random operator, noise
 * and sensor included where `applyNoise` is true. Operators are given as a list, `physics: [a, b]`, or drawn by
 * `physicsGenerator`, one for each transformed image.
 *
 * @returns shape `[B]` for a metric that keeps the batch; over several transforms of an image its mean.
 */
export class MOEILoss extends Loss {
  readonly name: string = "MOEILoss";
  readonly assumptions = lossAssumptions.MOEILoss;
  readonly #term: EquivarianceTerm;
  readonly #pool: OperatorPool;
  private readonly rng: RandomSource | undefined;

  /** @throws ArgumentError `missing_argument`, `unknown_option` or `invalid_argument`. */
  constructor(options: MOEILossOptions) {
    super();
    checkOptions("MOEILoss", options, [...EI_KEYS, "physics", "physicsGenerator"]);
    this.#term = new EquivarianceTerm("MOEILoss", options);
    this.#pool = new OperatorPool("MOEILoss", options);
    this.rng = options.rng;
  }

  /** The transforms. */
  get transform(): Transform {
    return this.#term.transform;
  }

  forward(args: ArgsOf<"MOEILoss">): Tensor {
    this.check(args);
    const { xNet, model } = args;
    const rng = args.rng ?? this.rng;
    const physics = this.#pool.next(args.physics, (xNet.shape[0] ?? 1) * this.transform.nTrans, rng);
    return this.#term.value(xNet, physics, model, rng);
  }
}
