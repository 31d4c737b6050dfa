import { checkTensor, freeOnError } from "../tensor/index.js";
import { meanPerImage } from "../functional/index.js";
import type { LinearPhysics, Physics } from "../physics/index.js";
import { resolveRng, type RandomSource } from "../random/index.js";
import { ArgumentError, checkNumber, checkObject } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import type { ArgsOf } from "./args.js";
import { exactDiv, probeDifference } from "./divergence.js";
import { correlationOption, LagLevels, type NoiseCorrelation } from "./lag-levels.js";
import { LearnedLevel } from "./learned-level.js";
import { NamedLoss } from "./named-loss.js";
import { RiskBound } from "./risk-bound.js";
import { initialLevel, levelOf, noiseLevel, type NoiseLevel, squared, toldLevel, ownLevel } from "./noise-level.js";
import {
  flag,
  number,
  optionalFlag,
  type OptionReader,
  type OptionReaders,
  randomStream,
  readOptions,
} from "./options.js";

/** Options of {@link SureGaussianLoss}. */
export interface SureGaussianLossOptions {
  /**
   * Standard deviation of the noise: a number, one for each image, or `"physics"` for that of the physics' noise model
   * in each call. With `unsure` the initial estimate, a number.
   */
  sigma: NoiseLevel;
  /** Step of the finite difference, about a hundredth of the range of y. Default: 0.01. */
  tau?: number;
  /**
   * Random probes over which the divergence is averaged, at most 1000, one more evaluation of the network each; or
   * `"exact"`, the trace of the Jacobian, one backward pass for each entry of an image, for small images and without B.
   * Default: 1.
   */
  probes?: number | "exact";
  /** Linear map B in which errors are measured; `"A_dagger"` is the operator's pseudo-inverse. Default: identity. */
  B?: "A_dagger" | ((t: Tensor) => Tensor);
  /**
   * Whether the constant is `sigma^2 tr(B^T B) / n`, which makes the value unbiased, or plain `sigma^2`. The gradient
   * is the same. Default: true, but false with `B: "A_dagger"`, whose values then compare with deepinv's.
   */
  exactConstant?: boolean;
  /** Whether the noise level is learned too (UNSURE); it stays where the risk is not negative. Default: false. */
  unsure?: boolean;
  /**
   * For noise that is correlated over pixels, in measurements `[B, ..., H, W]`: a matrix of `2 reach + 1` rows with the
   * correlation of a pixel, in the middle, with those around it; with `unsure` these are where the covariances begin,
   * which are all learned, and a reach of at most 8 pixels begins at noise without correlation. Without B and with a
   * number of probes only. Default: 0, no correlation.
   */
  correlation?: NoiseCorrelation;
  /** Step size of the ascent on sigma^2. Default: 1e-4. */
  stepSize?: number;
  /** Momentum of the ascent, between 0 and 1. Default: 0.9. */
  momentum?: number;
  /** Random stream, unless a call brings its own. */
  rng?: RandomSource;
}

const mapOption: OptionReader<SureGaussianLossOptions["B"]> = (value, name, key) => {
  if (value === undefined || value === "A_dagger") return value;
  if (typeof value === "function") return value as (t: Tensor) => Tensor;
  throw new ArgumentError(`${name}: ${key} must be "A_dagger" or a function of a Tensor.`, "invalid_argument");
};

const MOST_PROBES = 1000;

const probesOption: OptionReader<number | "exact"> = (value, name, key) =>
  value === "exact" ? value : checkNumber(name, key, value ?? 1, { integer: true, min: 1, max: MOST_PROBES });

/** @throws ArgumentError `invalid_argument` where the correlation is used with what it is not derived for. */
function checkCorrelation(
  name: string,
  { correlation, unsure, probes, B }: Pick<SureGaussianLossOptions, "correlation" | "unsure" | "probes" | "B">,
): void {
  const refuse = (why: string): never => {
    throw new ArgumentError(`${name}: correlation ${why}.`, "invalid_argument");
  };
  if (B !== undefined) refuse("is for errors of the measurement itself; leave B out");
  if (probes === "exact") refuse('needs random probes; give a number of probes in place of "exact"');
  if (typeof correlation === "number" && !unsure)
    refuse(`is a reach of ${correlation}, whose covariances unsure: true learns; give a matrix where they are known`);
}

const OPTIONS = {
  sigma: noiseLevel("the standard deviation of the noise, such as 0.1", { min: 0 }),
  tau: number(1e-2, { positive: true }),
  probes: probesOption,
  B: mapOption,
  exactConstant: optionalFlag,
  unsure: flag(false),
  correlation: correlationOption,
  stepSize: number(1e-4, { min: 0 }),
  momentum: number(0.9, { min: 0, max: 1 }),
  rng: randomStream,
} satisfies OptionReaders<SureGaussianLossOptions>;

/**
 * Stein's unbiased risk estimate for Gaussian noise of known level: an estimate of `|B (A f(y) - A x)|^2 / n` without
 * x.
 *
 * `|B (A f(y) - y)|^2 / n - sigma^2 tr(B^T B) / n + 2 sigma^2 / (n tau) (B b)^T B (A f(y + tau b) - A f(y))`, b
 * standard normal, n the number of entries of `B y` (Stein, 1981, doi:10.1214/aos/1176345632; Ramani, Blu, Unser, 2008,
 * doi:10.1109/TIP.2008.2001404). The trace is estimated by `|B b|^2` with the same b, which is unbiased and costs
 * nothing.
 *
 * Entries that a mask leaves unmeasured carry no noise but count in n: for such operators the value is too small by
 * sigma^2 times their share (as in deepinv). The gradient is right.
 *
 * With `unsure` the level is learned as well: sigma^2 ascends along the divergence term at each call in training mode
 * (Tachella, Davies, Jacques, 2024, arXiv:2409.01985). It is kept where the running mean of the value is not below 0,
 * since an error is not: beyond deepinv, whose level can run away. The optimum is above the noise: `sigma^2 + e`, e the
 * error of the best network whose divergence is 0, which cannot look at the pixel that it predicts; it is 1 over the
 * Fisher information of a pixel. On one picture with little noise e is nearly sigma^2 or more; there a fixed estimate
 * (`estimateNoise`) serves better.
 *
 * Noise of covariance C that is correlated over pixels adds `2 sum_k C_k D_k` over the lags k other than 0, D_k being
 * the derivatives `dA f_i / dy_j` of pairs of pixels at lag k, summed and divided by n; they are estimated with the
 * same probes. With `correlation` a matrix the C_k are known; with `unsure` each C_k ascends along D_k, as sigma^2
 * along the divergence (the same paper).
 *
 * With `B: "A_dagger"` and `exactConstant: true` it is GSURE for operators with a null space (Eldar,
 * "Generalized SURE for exponential families: applications to regularization", 2009, arXiv:0804.3010): `B A` is the
 * projection P on the orthogonal complement of the null space, so that it is an unbiased estimate of
 * `|P (f(y) - x)|^2 / n`, which what f puts into the null space does not change.
 *
 * @returns shape `[B]`.
 */
export class SureGaussianLoss extends NamedLoss<"SureGaussianLoss"> {
  readonly tau: number;
  readonly probes: number | "exact";
  readonly unsure: boolean;
  readonly #exactConstant: boolean;
  readonly #map: SureGaussianLossOptions["B"];
  readonly #sigma: NoiseLevel;
  readonly #variance: LearnedLevel;
  readonly #lags: LagLevels;
  readonly #bound = new RiskBound();
  readonly #rng: RandomSource | undefined;

  /** @throws ArgumentError `missing_argument`, `unknown_option` or `invalid_argument`. */
  constructor(options: SureGaussianLossOptions) {
    super("SureGaussianLoss");
    const { sigma, tau, probes, B, exactConstant, unsure, correlation, stepSize, momentum, rng } = readOptions(
      this.name,
      options,
      OPTIONS,
    );
    if (correlation !== 0) checkCorrelation(this.name, { correlation, unsure, probes, B });
    if (probes === "exact" && B !== undefined) {
      throw new ArgumentError(
        `${this.name}: probes "exact" is the trace of the Jacobian, without B; give a number, or leave B out.`,
        "invalid_argument",
      );
    }
    this.tau = tau;
    this.probes = probes;
    this.unsure = unsure;
    this.#map = B;
    // Without B the trace is n: both constants are sigma^2.
    this.#exactConstant = B !== undefined && (exactConstant ?? B !== "A_dagger");
    const variance = initialLevel(this.name, "sigma", sigma, unsure) ** 2;
    this.#lags = new LagLevels(correlation, variance, { stepSize, momentum });
    this.#variance = new LearnedLevel(variance, stepSize, momentum);
    this.#rng = rng;
    this.#sigma = ownLevel(sigma);
  }

  /**
   * The noise variance: a number, a tensor with one for each image, or a scalar tensor once `unsure` has taken a step.
   *
   * @throws ArgumentError `missing_argument` where it is that of the physics; see {@link variance}.
   */
  get sigma2(): number | Tensor {
    return typeof this.#sigma === "number" ? this.#variance.value : squared(toldLevel(this.name, "sigma", this.#sigma));
  }

  /**
   * The covariances of the noise of pixels that are so many rows down and columns to the right of each other, with
   * `unsure`: numbers, or scalar tensors once it has taken a step. Empty without `correlation`.
   */
  get covariances(): { readonly lag: readonly [down: number, across: number]; readonly covariance: number | Tensor }[] {
    return this.unsure ? this.#lags.values : [];
  }

  /** The noise variance of a call: one number or scalar tensor, or one value for each image, `[B]`. */
  variance(args: { y: Tensor; physics: Physics }): number | Tensor {
    checkObject(this.name, "the arguments", args);
    const { y, physics } = args;
    checkTensor(this.name, "y", y);
    if (this.unsure) return this.#variance.value;
    return squared(levelOf(this.name, "sigma", this.#sigma, physics, y));
  }

  /** Whether errors are measured in a map B other than the identity. */
  get weighted(): boolean {
    return this.#map !== undefined;
  }

  forward(args: ArgsOf<"SureGaussianLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      const { xNet, y, physics, model } = args;
      const sigma2 = this.variance({ y, physics });
      const rng = resolveRng(args.rng, this.#rng);
      const B = this.#mapFor(physics);
      const y1 = physics.A(xNet);
      this.sameShape(y1, "A(xNet)", y, "y");

      const probes = Array.from({ length: this.probes === "exact" ? 0 : this.probes }, () => {
        const b = rng.normal([...y.shape], y);
        return { b, Bb: B(b) };
      });
      const average = (of: (probe: { b: Tensor; Bb: Tensor }) => Tensor) =>
        probes
          .map((probe) => meanPerImage(of(probe)))
          .reduce((sum, each) => sum.add(each))
          .div(probes.length);
      const measured = physics.measured(y)?.add(y.mul(0));
      const lags: Tensor[][] = [];
      const difference = (b: Tensor) => {
        const change = probeDifference({ y, model, physics, y1, probe: b, tau: this.tau, rng });
        // Entries that are not measured have no noise, which could be correlated.
        if (this.#lags.any) lags.push(this.#lags.divergences(measured ? b.mul(measured) : b, change));
        return change;
      };
      // |B (A f(y) - y)|^2 / n, (B b)^T B (A f(y + tau b) - A f(y)) / (n tau) and tr(B^T B) / n.
      const error = meanPerImage(B(y1.sub(y)).square());
      const divergence =
        this.probes === "exact" ? exactDiv({ y, model, physics }) : average(({ b, Bb }) => Bb.mul(B(difference(b))));
      const constant = this.#exactConstant ? average(({ Bb }) => Bb.square()).mul(sigma2) : sigma2;
      let value = error.add(divergence.mul(2).mul(sigma2)).sub(constant);
      const apart = (lags[0] ?? []).map((_, i) =>
        lags
          .map((of) => of[i] as Tensor)
          .reduce((sum, each) => sum.add(each))
          .div(lags.length),
      );
      if (this.#lags.any) value = value.add(this.#lags.weighted(apart, this.unsure ? undefined : sigma2).mul(2));

      if (this.unsure && model.training) {
        this.#variance.ascend(divergence.mean().mul(2));
        // What noise of variance 1 adds to the error: entries that are not measured have none.
        const mapped = (): Tensor => average(({ b }) => B(measured ? b.mul(measured) : b).square()).mean();
        const share = this.#map ? mapped() : (measured?.mean() ?? 1);
        const a = divergence.mean().mul(-2).add(share);
        this.#lags.ascend(apart);
        const factor = this.#bound.factor(error.mean(), [[a, this.#variance.value], ...this.#lags.shares(apart)]);
        this.#variance.limit(factor);
        this.#lags.limit(factor);
      }
      return value;
    });
  }

  override stateDict(): Record<string, Tensor> {
    return {
      ...this.#variance.stateDict("sigma2"),
      ...this.#lags.stateDict("lag"),
      ...this.#bound.stateDict("bound"),
    };
  }

  override loadStateDict(state: Record<string, Tensor>): void {
    checkObject(this.name, "state", state);
    this.#variance.loadStateDict("sigma2", state);
    this.#lags.loadStateDict("lag", state);
    this.#bound.loadStateDict("bound", state);
  }

  #mapFor(physics: Physics): (t: Tensor) => Tensor {
    if (this.#map !== "A_dagger") return this.#map ?? ((t) => t);
    const linear = physics as LinearPhysics;
    if (typeof linear.ADagger === "function") return (t) => linear.ADagger(t);
    throw new ArgumentError(
      `${this.name}: B "A_dagger" needs a physics with ADagger, that is a LinearPhysics; pass B as a function instead.`,
      "invalid_argument",
    );
  }
}
