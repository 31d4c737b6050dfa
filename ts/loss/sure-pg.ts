import { meanPerImage } from "../functional/index.js";
import { resolveRng, type RandomSource } from "../random/index.js";
import { ArgumentError, checkFlag, checkNumber, checkOptions, requiredNumber } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { lossAssumptions } from "./assumptions.js";
import { probeDifference } from "./divergence.js";
import { Loss } from "./loss.js";
import { NoiseLevel, checkAscent } from "./noise-level.js";
import type { ArgsOf } from "./pairing.js";

/** Options of {@link SurePGLoss}. */
export interface SurePGLossOptions {
  /** Standard deviation of the Gaussian part; with `unsure` the value the estimate starts from. */
  sigma: number;
  /** Gain of the Poisson part; with `unsure` the value the estimate starts from. */
  gain: number;
  /** Step of the first finite difference. Default 0.001. */
  tau1?: number;
  /** Step of the second finite difference. Default 0.01. */
  tau2?: number;
  /** Adds the second-derivative term, without which the estimate is biased by a term in gain sigma^2. Default false. */
  secondDerivative?: boolean;
  /** Learns both noise levels too (UNSURE). Default false. */
  unsure?: boolean;
  /** Steps of the ascent on sigma^2 and gain. Default [1e-4, 1e-4]. */
  stepSize?: readonly [number, number];
  /** Momenta of the ascent on sigma^2 and gain, between 0 and 1. Default [0.9, 0.9]. */
  momentum?: readonly [number, number];
  rng?: RandomSource;
}

const KEYS = ["sigma", "gain", "tau1", "tau2", "secondDerivative", "unsure", "stepSize", "momentum", "rng"] as const;

/** Probability of the negative value of the probe c, close to (1 + 1/sqrt 5) / 2. */
const P = 0.7236;

/**
 * Unbiased risk estimate for Poisson-Gaussian noise, to first order in the gain: an estimate of `|A f(y) - A x|^2 / m`
 * without x.
 *
 * `|A f(y) - y|^2 / m - gain 1^T y / m - sigma^2 + 2 / (m tau1) (b * (gain y + sigma^2))^T (A f(y + tau1 b) - A f(y))
 * - 2 gain sigma^2 / (m tau2^2) c^T (A f(y + tau2 c) + A f(y - tau2 c) - 2 A f(y))`
 *
 * b has random signs, c two values with E c = 0, E c^2 = E c^3 = 1; the last term only with `secondDerivative`, and its
 * sign is minus (Le Montagner, Angelini, Olivo-Marin, 2014). Both noise levels can be learned with `unsure`
 * (Tachella, Davies, Jacques, 2024); they move in training mode only.
 *
 * @returns shape `[B]`.
 */
export class SurePGLoss extends Loss {
  readonly name: string = "SurePGLoss";
  readonly assumptions = lossAssumptions.SurePGLoss;
  readonly tau1: number;
  readonly tau2: number;
  readonly secondDerivative: boolean;
  readonly unsure: boolean;
  private readonly variance: NoiseLevel;
  private readonly gainLevel: NoiseLevel;
  private readonly rng: RandomSource | undefined;

  /** @throws ArgumentError `missing_argument`, `unknown_option` or `invalid_argument`. */
  constructor(options: SurePGLossOptions) {
    super();
    const name = "SurePGLoss";
    checkOptions(name, options, KEYS);
    const sigma = requiredNumber(
      name,
      "sigma",
      options?.sigma,
      "the standard deviation of the Gaussian noise, such as 0.1",
      { min: 0 },
    );
    const gain = requiredNumber(name, "gain", options.gain, "the gain of the Poisson noise, such as 0.1", { min: 0 });
    this.tau1 = checkNumber(name, "tau1", options.tau1 ?? 1e-3, { positive: true });
    this.tau2 = checkNumber(name, "tau2", options.tau2 ?? 1e-2, { positive: true });
    this.secondDerivative = checkFlag(name, "secondDerivative", options.secondDerivative, false);
    this.unsure = checkFlag(name, "unsure", options.unsure, false);
    const steps = pair("stepSize", options.stepSize ?? [1e-4, 1e-4]);
    const momenta = pair("momentum", options.momentum ?? [0.9, 0.9]);
    checkAscent(name, steps[0], momenta[0]);
    checkAscent(name, steps[1], momenta[1]);
    this.variance = new NoiseLevel(sigma ** 2, steps[0], momenta[0]);
    this.gainLevel = new NoiseLevel(gain, steps[1], momenta[1]);
    this.rng = options.rng;
  }

  /** The variance of the Gaussian part: a number, or a scalar tensor once `unsure` has taken a step. */
  get sigma2(): number | Tensor {
    return this.variance.value;
  }

  /** The gain of the Poisson part: a number, or a scalar tensor once `unsure` has taken a step. */
  get gain(): number | Tensor {
    return this.gainLevel.value;
  }

  forward(args: ArgsOf<"SurePGLoss">): Tensor {
    this.check(args);
    const { xNet, y, physics, model } = args;
    const { gain, sigma2 } = this;
    const rng = resolveRng(args.rng, this.rng);
    const y1 = physics.A(xNet);
    this.sameShape(y1, "A(xNet)", y, "y");
    const b = rng.rademacher([...y.shape], y);
    // Drawn even where it is not used, so that one seed gives one stream of b.
    const c = secondProbe(rng.bernoulli([...y.shape], P, y));

    const along = b.mul(probeDifference({ y, model, physics, y1, probe: b, tau: this.tau1, rng }));
    let value = meanPerImage(y1.sub(y).square())
      .add(meanPerImage(along.mul(y.mul(gain).add(sigma2))).mul(2))
      .sub(meanPerImage(y).mul(gain))
      .sub(sigma2);
    if (this.secondDerivative) {
      const [tau, plus, minus] = [this.tau2, y.add(c.mul(this.tau2)), y.sub(c.mul(this.tau2))];
      const [up, down] = [plus, minus].map((t) => physics.A(model.forward(t, physics, { rng }))) as [Tensor, Tensor];
      const curvature = meanPerImage(c.mul(up.add(down).sub(y1.mul(2)))).div(tau * tau);
      value = value.sub(curvature.mul(2).mul(gain).mul(sigma2));
    }
    if (this.unsure && model.training) {
      this.variance.ascend(along.mean().mul(2));
      this.gainLevel.ascend(along.mul(y).mean().mul(2));
    }
    return value;
  }

  override stateDict(): Record<string, Tensor> {
    return { ...this.variance.stateDict("sigma2"), ...this.gainLevel.stateDict("gain") };
  }

  override loadStateDict(state: Record<string, Tensor>): void {
    this.variance.loadStateDict("sigma2", state);
    this.gainLevel.loadStateDict("gain", state);
  }
}

/** Two values with mean 0, and second and third moment 1: negative where the draw is 1. */
function secondProbe(bernoulli: Tensor): Tensor {
  const [negative, positive] = [-Math.sqrt((1 - P) / P), Math.sqrt(P / (1 - P))];
  return bernoulli.mul(negative - positive).add(positive);
}

function pair(name: string, value: readonly [number, number]): readonly [number, number] {
  if (!Array.isArray(value) || value.length !== 2) {
    throw new ArgumentError(
      `SurePGLoss: ${name} must be two numbers, for sigma^2 and for the gain.`,
      "invalid_argument",
    );
  }
  return value;
}
