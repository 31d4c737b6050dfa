import { checkTensor, freeOnError } from "../tensor/index.js";
import { checkObject } from "../runtime/index.js";
import { meanPerImage } from "../functional/index.js";
import { resolveRng, type RandomSource } from "../random/index.js";
import type { Physics } from "../physics/index.js";
import type { Tensor } from "../tensor/index.js";
import type { ArgsOf } from "./args.js";
import { probeDifference, SameDraws, visibleStep } from "./divergence.js";
import { LearnedLevel } from "./learned-level.js";
import { NamedLoss } from "./named-loss.js";
import { RiskBound } from "./risk-bound.js";
import {
  initialLevel,
  levelOf,
  noiseLevel,
  type NoiseLevel,
  overPixels,
  squared,
  toldLevel,
  ownLevel,
} from "./noise-level.js";
import { flag, number, type OptionReaders, pair, randomStream, readOptions } from "./options.js";

/** Options of {@link SurePGLoss}. */
export interface SurePGLossOptions {
  /**
   * Standard deviation of the Gaussian part: a number, one for each image, or `"physics"` for that of the physics'
   * noise model in each call. With `unsure` the initial estimate, a number.
   */
  sigma: NoiseLevel;
  /** Gain of the Poisson part, likewise. */
  gain: NoiseLevel;
  /** Step of the first finite difference; larger where it would be lost in rounding. Default: 0.001. */
  tau1?: number;
  /** Step of the second finite difference, likewise. Default: 0.01. */
  tau2?: number;
  /**
   * Adds the second-derivative term, without which the estimate is biased by a term in gain sigma^2. Default: false.
   */
  secondDerivative?: boolean;
  /** Whether both noise levels are learned too (UNSURE); they stay where the risk is not negative. Default: false. */
  unsure?: boolean;
  /** Step sizes of the ascent on sigma^2 and gain. Default: [1e-4, 1e-4]. */
  stepSize?: readonly [number, number];
  /** Momenta of the ascent on sigma^2 and gain, between 0 and 1. Default: [0.9, 0.9]. */
  momentum?: readonly [number, number];
  /** Random stream, unless a call brings its own. */
  rng?: RandomSource;
}

const OPTIONS = {
  sigma: noiseLevel("the standard deviation of the Gaussian noise, such as 0.1", { min: 0 }),
  gain: noiseLevel("the gain of the Poisson noise, such as 0.1", { min: 0 }),
  tau1: number(1e-3, { positive: true }),
  tau2: number(1e-2, { positive: true }),
  secondDerivative: flag(false),
  unsure: flag(false),
  stepSize: pair([1e-4, 1e-4], "for sigma^2 and for the gain", { min: 0 }),
  momentum: pair([0.9, 0.9], "for sigma^2 and for the gain", { min: 0, max: 1 }),
  rng: randomStream,
} satisfies OptionReaders<SurePGLossOptions>;

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
 * sign is minus (Le Montagner, Angelini, Olivo-Marin, 2014, doi:10.1109/TIP.2014.2300821). Both noise levels can be
 * learned with `unsure` (Tachella, Davies, Jacques, 2024, arXiv:2409.01985), in training mode only; they are kept where
 * the running mean of the value is not below 0, since an error is not.
 *
 * Entries that a mask leaves unmeasured carry no noise but count in m: for such operators the value is too small by
 * sigma^2 times their share. The gradient is right.
 *
 * @returns shape `[B]`.
 */
export class SurePGLoss extends NamedLoss<"SurePGLoss"> {
  readonly tau1: number;
  readonly tau2: number;
  readonly secondDerivative: boolean;
  readonly unsure: boolean;
  readonly #levels: { readonly sigma: NoiseLevel; readonly gain: NoiseLevel };
  readonly #variance: LearnedLevel;
  readonly #gain: LearnedLevel;
  readonly #bound = new RiskBound();
  readonly #rng: RandomSource | undefined;

  /** @throws ArgumentError `missing_argument`, `unknown_option` or `invalid_argument`. */
  constructor(options: SurePGLossOptions) {
    super("SurePGLoss");
    const { sigma, gain, stepSize, momentum, rng, ...rest } = readOptions(this.name, options, OPTIONS);
    this.tau1 = rest.tau1;
    this.tau2 = rest.tau2;
    this.secondDerivative = rest.secondDerivative;
    this.unsure = rest.unsure;
    const [sigma0, gain0] = [
      initialLevel(this.name, "sigma", sigma, rest.unsure),
      initialLevel(this.name, "gain", gain, rest.unsure),
    ];
    this.#variance = new LearnedLevel(sigma0 ** 2, stepSize[0], momentum[0]);
    this.#gain = new LearnedLevel(gain0, stepSize[1], momentum[1]);
    this.#rng = rng;
    this.#levels = { sigma: ownLevel(sigma), gain: ownLevel(gain) };
  }

  /**
   * The variance of the Gaussian part: a number, a tensor with one for each image, or a scalar tensor once `unsure` has
   * taken a step.
   *
   * @throws ArgumentError `missing_argument` where it is that of the physics; see {@link variance}.
   */
  get sigma2(): number | Tensor {
    const { sigma } = this.#levels;
    return typeof sigma === "number" ? this.#variance.value : squared(toldLevel(this.name, "sigma", sigma));
  }

  /** The gain of the Poisson part, likewise. */
  get gain(): number | Tensor {
    const { gain } = this.#levels;
    return typeof gain === "number" ? this.#gain.value : toldLevel(this.name, "gain", gain);
  }

  /** The variance of the Gaussian part in a call: one number or scalar tensor, or one value for each image, `[B]`. */
  variance(args: { y: Tensor; physics: Physics }): number | Tensor {
    checkObject(this.name, "the arguments", args);
    const { y, physics } = args;
    checkTensor(this.name, "y", y);
    const { sigma } = this.#levels;
    if (this.unsure) return this.#variance.value;
    return squared(levelOf(this.name, "sigma", sigma, physics, y));
  }

  forward(args: ArgsOf<"SurePGLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      const { xNet, y, physics, model } = args;
      const { tau1 } = this;
      const sigma2 = this.variance({ y, physics });
      const { gain: told } = this.#levels;
      const gain = this.unsure ? this.#gain.value : levelOf(this.name, "gain", told, physics, y);
      const rng = resolveRng(args.rng, this.#rng);
      const y1 = physics.A(xNet);
      this.sameShape(y1, "A(xNet)", y, "y");
      const b = rng.rademacher([...y.shape], y);
      // Drawn even where it is not used, so that one seed gives one sequence of b.
      const c = secondProbe(rng.bernoulli([...y.shape], P, y));

      // b * (A f(y + tau1 b) - A f(y)) / tau1, whose mean is the divergence.
      const slope = b.mul(probeDifference({ y, model, physics, y1, probe: b, tau: tau1, rng }));
      const error = meanPerImage(y1.sub(y).square());
      let value = error
        .add(meanPerImage(slope.mul(y.mul(overPixels(gain, y)).add(overPixels(sigma2, y)))).mul(2))
        .sub(meanPerImage(y).mul(gain))
        .sub(sigma2);
      if (this.secondDerivative) value = value.sub(this.#curvature(args, y1, c, rng).mul(2).mul(gain).mul(sigma2));
      if (this.unsure && model.training) {
        this.#variance.ascend(slope.mean().mul(2));
        this.#gain.ascend(slope.mul(y).mean().mul(2));
        // What noise of level 1 adds to the error, less twice its divergence term; entries not measured have none.
        const measured = physics.measured(y);
        const [one, mean] = [measured ? measured.add(y.mul(0)).mean() : 1, y.mean()];
        const factor = this.#bound.factor(error.mean(), [
          [slope.mean().mul(-2).add(one), this.#variance.value],
          [slope.mul(y).mean().mul(-2).add(mean), this.#gain.value],
        ]);
        this.#variance.limit(factor);
        this.#gain.limit(factor);
      }
      return value;
    });
  }

  override stateDict(): Record<string, Tensor> {
    return {
      ...this.#variance.stateDict("sigma2"),
      ...this.#gain.stateDict("gain"),
      ...this.#bound.stateDict("bound"),
    };
  }

  override loadStateDict(state: Record<string, Tensor>): void {
    checkObject(this.name, "state", state);
    this.#variance.loadStateDict("sigma2", state);
    this.#gain.loadStateDict("gain", state);
    this.#bound.loadStateDict("bound", state);
  }

  /** `c^T (A f(y + tau2 c) + A f(y - tau2 c) - 2 A f(y)) / (m tau2^2)`. */
  #curvature({ y, model, physics }: ArgsOf<"SurePGLoss">, y1: Tensor, c: Tensor, rng: RandomSource): Tensor {
    const tau = visibleStep(this.tau2, y, 2);
    const step = c.mul(tau);
    const draws = new SameDraws({ model, physics, rng });
    const [up, down] = [draws.of(y.add(step)), draws.of(y.sub(step))];
    const square = typeof tau === "number" ? tau * tau : tau.square();
    return meanPerImage(c.mul(up.add(down).sub(draws.at(y, y1).mul(2))).div(square));
  }
}

/** Two values with mean 0, and second and third moment 1: negative where the draw is 1. */
function secondProbe(bernoulli: Tensor): Tensor {
  const [negative, positive] = [-Math.sqrt((1 - P) / P), Math.sqrt(P / (1 - P))];
  return bernoulli.mul(negative - positive).add(positive);
}
