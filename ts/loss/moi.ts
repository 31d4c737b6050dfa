import type { Metric } from "../metric/index.js";
import type { RandomSource } from "../random/index.js";
import { checkFlag, checkNumber, checkOptions } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { lossAssumptions } from "./assumptions.js";
import { remeasured } from "./ei.js";
import { Loss } from "./loss.js";
import { OperatorPool, type OperatorPoolOptions } from "./operator-pool.js";
import type { ArgsOf } from "./pairing.js";
import { metricOption } from "./shared.js";

/** Options of {@link MOILoss}. */
export interface MOILossOptions extends OperatorPoolOptions {
  /** What compares images. Default: mean squared error. */
  metric?: Metric;
  /** Whether the reconstruction is measured with noise and sensor, instead of `A` alone. Default true. */
  applyNoise?: boolean;
  /** Factor of the loss. Default 1. */
  weight?: number;
  /** Where draws come from, unless a call brings its own; default the generator's and the physics' own. */
  rng?: RandomSource;
}

/**
 * Multi-operator imaging: a reconstruction, measured by another operator of the set, must be reconstructed as it is.
 *
 * `weight metric(R(y2, A_g), xNet)` with `y2 = A_g(xNet)` for a random operator of `{A_g}`, noise and sensor included
 * where `applyNoise` is true. Together the operators must measure everything; that the measurements are met, another
 * loss must say, such as MCLoss. (Tachella, Chen, Davies, "Unsupervised learning from incomplete measurements for
 * inverse problems", 2022, arXiv:2201.12151.)
 *
 * Operators are given as a list, `physics: [a, b]`, or drawn by `physicsGenerator`, one for each image of the batch.
 *
 * @returns shape `[B]` for a metric that keeps the batch.
 */
export class MOILoss extends Loss {
  readonly name: string = "MOILoss";
  readonly assumptions = lossAssumptions.MOILoss;
  readonly metric: Metric;
  readonly applyNoise: boolean;
  readonly weight: number;
  readonly #pool: OperatorPool;
  private readonly rng: RandomSource | undefined;

  /** @throws ArgumentError `missing_argument`, `unknown_option` or `invalid_argument`. */
  constructor(options: MOILossOptions) {
    super();
    const name = "MOILoss";
    checkOptions(name, options, ["physics", "physicsGenerator", "metric", "applyNoise", "weight", "rng"]);
    this.#pool = new OperatorPool(name, options);
    this.metric = metricOption(name, options.metric);
    this.applyNoise = checkFlag(name, "applyNoise", options.applyNoise, true);
    this.weight = checkNumber(name, "weight", options.weight ?? 1);
    this.rng = options.rng;
  }

  forward(args: ArgsOf<"MOILoss">): Tensor {
    this.check(args);
    const { xNet, model } = args;
    const rng = args.rng ?? this.rng;
    const physics = this.#pool.next(args.physics, xNet.shape[0] ?? 1, rng);
    return this.metric.forward(remeasured(xNet, physics, model, this.applyNoise, rng), xNet).mul(this.weight);
  }
}
