import { meanPerImage } from "../functional/index.js";
import type { LinearPhysics, Physics } from "../physics/index.js";
import { resolveRng, type RandomSource } from "../random/index.js";
import { ArgumentError, checkFlag, checkNumber, checkOptions, requiredNumber } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { lossAssumptions } from "./assumptions.js";
import { probeDifference } from "./divergence.js";
import { Loss } from "./loss.js";
import { NoiseLevel, checkAscent } from "./noise-level.js";
import type { ArgsOf } from "./pairing.js";

/** Options of {@link SureGaussianLoss}. */
export interface SureGaussianLossOptions {
  /** Standard deviation of the noise; with `unsure` the value the estimate starts from. */
  sigma: number;
  /** Step of the finite difference, about a hundredth of the range of y. Default 0.01. */
  tau?: number;
  /** Linear metric B in which errors are measured; `"A_dagger"` is the operator's pseudo-inverse. Default: identity. */
  B?: "A_dagger" | ((t: Tensor) => Tensor);
  /**
   * Whether the constant is `sigma^2 tr(B^T B) / n`, which makes the VALUE unbiased, or plain `sigma^2`. The gradient
   * is the same. Default true, but false with `B: "A_dagger"`, whose values then compare with deepinv's.
   */
  exactConstant?: boolean;
  /** Learns the noise level too (UNSURE). Default false. */
  unsure?: boolean;
  /** Step of the ascent on sigma^2. Default 1e-4. */
  stepSize?: number;
  /** Momentum of the ascent, between 0 and 1. Default 0.9. */
  momentum?: number;
  rng?: RandomSource;
}

const KEYS = ["sigma", "tau", "B", "exactConstant", "unsure", "stepSize", "momentum", "rng"] as const;

/**
 * Stein's unbiased risk estimate for Gaussian noise of known level: an estimate of `|B (A f(y) - A x)|^2 / n` without
 * x.
 *
 * `|B (A f(y) - y)|^2 / n - sigma^2 tr(B^T B) / n + 2 sigma^2 / (n tau) (B b)^T B (A f(y + tau b) - A f(y))`, b
 * standard normal, n the entries of `B y` (Stein, 1981; Ramani, Blu, Unser, 2008). The trace is estimated by `|B b|^2`
 * with the same b, which is unbiased and costs nothing.
 *
 * Entries that a mask leaves unmeasured carry no noise, but count in n: for such operators the value is too small by
 * sigma^2 times their share (as in deepinv). The gradient is right.
 *
 * With `unsure` the level is learned as well: sigma^2 climbs along the divergence term at each call in training mode
 * (Tachella, Davies, Jacques, 2024).
 *
 * @returns shape `[B]`.
 */
export class SureGaussianLoss extends Loss {
  readonly name: string = "SureGaussianLoss";
  readonly assumptions = lossAssumptions.SureGaussianLoss;
  readonly tau: number;
  readonly unsure: boolean;
  private readonly exactConstant: boolean;
  private readonly metric: SureGaussianLossOptions["B"];
  private readonly level: NoiseLevel;
  private readonly rng: RandomSource | undefined;

  /** @throws ArgumentError `missing_argument`, `unknown_option` or `invalid_argument`. */
  constructor(options: SureGaussianLossOptions) {
    super();
    const name = "SureGaussianLoss";
    checkOptions(name, options, KEYS);
    const sigma = requiredNumber(name, "sigma", options?.sigma, "the standard deviation of the noise, such as 0.1", {
      min: 0,
    });
    this.tau = checkNumber(name, "tau", options.tau ?? 1e-2, { positive: true });
    this.metric = options.B;
    if (this.metric !== undefined && this.metric !== "A_dagger" && typeof this.metric !== "function") {
      throw new ArgumentError(`${name}: B must be "A_dagger" or a function of a Tensor.`, "invalid_argument");
    }
    this.exactConstant = checkFlag(name, "exactConstant", options.exactConstant, this.metric !== "A_dagger");
    this.unsure = checkFlag(name, "unsure", options.unsure, false);
    const [stepSize, momentum] = [options.stepSize ?? 1e-4, options.momentum ?? 0.9];
    checkAscent(name, stepSize, momentum);
    this.level = new NoiseLevel(sigma ** 2, stepSize, momentum);
    this.rng = options.rng;
  }

  /** The noise variance: a number, or a scalar tensor once `unsure` has taken a step. */
  get sigma2(): number | Tensor {
    return this.level.value;
  }

  /** Whether errors are measured in a metric B other than the identity. */
  get weighted(): boolean {
    return this.metric !== undefined;
  }

  forward(args: ArgsOf<"SureGaussianLoss">): Tensor {
    this.check(args);
    const { xNet, y, physics, model } = args;
    const rng = resolveRng(args.rng, this.rng);
    const metric = this.metricOf(physics);
    const sigma2 = this.sigma2;
    const y1 = physics.A(xNet);
    this.sameShape(y1, "A(xNet)", y, "y");

    const probe = rng.normal([...y.shape], y);
    const weighted = metric ? metric(probe) : probe;
    const difference = probeDifference({ y, model, physics, y1, probe, tau: this.tau, rng });
    const divergence = meanPerImage(weighted.mul(metric ? metric(difference) : difference));
    const residual = y1.sub(y);
    const error = meanPerImage((metric ? metric(residual) : residual).square());

    let value = error.add(divergence.mul(2).mul(sigma2));
    if (metric && this.exactConstant) value = value.sub(meanPerImage(weighted.square()).mul(sigma2));
    else value = value.sub(sigma2);
    if (this.unsure && model.training) this.level.ascend(divergence.mean().mul(2));
    return value;
  }

  override stateDict(): Record<string, Tensor> {
    return this.level.stateDict("sigma2");
  }

  override loadStateDict(state: Record<string, Tensor>): void {
    this.level.loadStateDict("sigma2", state);
  }

  private metricOf(physics: Physics): ((t: Tensor) => Tensor) | undefined {
    if (this.metric !== "A_dagger") return this.metric;
    const linear = physics as LinearPhysics;
    if (typeof linear.ADagger !== "function") {
      throw new ArgumentError(
        'SureGaussianLoss: B "A_dagger" needs a physics with ADagger, that is a LinearPhysics; pass B as a function instead.',
        "invalid_argument",
      );
    }
    return (t) => linear.ADagger(t);
  }
}
