import { freeOnError } from "../tensor/index.js";
import type { Metric } from "../metric/index.js";
import type { RandomSource } from "../random/index.js";
import type { Tensor } from "../tensor/index.js";
import type { ArgsOf } from "./args.js";
import { metricOption } from "./metric-option.js";
import { NamedLoss } from "./named-loss.js";
import { OperatorPool, POOL_OPTIONS, type OperatorPoolOptions } from "./operator-pool.js";
import { flag, number, type OptionReaders, randomStream, readOptions } from "./options.js";
import { reconstructAgain } from "./reconstruct-again.js";

/** Options of {@link MOILoss}. */
export interface MOILossOptions extends OperatorPoolOptions {
  /** Compares images. Default: mean squared error. */
  metric?: Metric;
  /** Whether the reconstruction is measured with noise and sensor, instead of `A` alone. Default: true. */
  applyNoise?: boolean;
  /** Factor of the loss. Default: 1. */
  weight?: number;
  /** Random stream, unless a call brings its own. Default: those of the generator and of the physics. */
  rng?: RandomSource;
}

const OPTIONS = {
  ...POOL_OPTIONS,
  metric: metricOption,
  applyNoise: flag(true),
  weight: number(1),
  rng: randomStream,
} satisfies OptionReaders<MOILossOptions>;

/**
 * Multi-operator imaging: a reconstruction, measured by another operator of the set, must be reconstructed unchanged.
 *
 * `weight metric(R(y2, A_g), xNet)` with `y2 = A_g(xNet)` for a random operator of `{A_g}`, noise and sensor included
 * where `applyNoise` is true. Together the operators must measure everything; combine it with a loss that fits the
 * measurements, such as MCLoss. (Tachella, Chen, Davies, "Unsupervised learning from incomplete measurements for
 * inverse problems", 2022, arXiv:2201.12151.)
 *
 * Operators are given as a list, `physics: [a, b]`, or drawn by `physicsGenerator`, one for each image of the batch.
 *
 * Poisson, Poisson-Gaussian and Gamma noise exist for values of at least 0 only; where a network returns others, they
 * are measured as 0, the nearest value, which leaves a correct reconstruction as it is. The counts have no derivative.
 *
 * @returns shape `[B]` for a metric that keeps the batch.
 */
export class MOILoss extends NamedLoss<"MOILoss"> {
  readonly metric: Metric;
  readonly applyNoise: boolean;
  readonly weight: number;
  readonly #pool: OperatorPool;
  readonly #rng: RandomSource | undefined;

  /** @throws ArgumentError `missing_argument`, `unknown_option` or `invalid_argument`. */
  constructor(options: MOILossOptions) {
    super("MOILoss");
    const { metric, applyNoise, weight, rng, ...operators } = readOptions(this.name, options, OPTIONS);
    this.#pool = new OperatorPool(this.name, operators);
    this.metric = metric;
    this.applyNoise = applyNoise;
    this.weight = weight;
    this.#rng = rng;
  }

  forward(args: ArgsOf<"MOILoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      const { xNet, model } = args;
      const rng = args.rng ?? this.#rng;
      const physics = this.#pool.next(args.physics, xNet.shape[0] ?? 1, rng);
      return this.metric.forward(reconstructAgain(xNet, physics, model, this.applyNoise, rng), xNet).mul(this.weight);
    });
  }
}
