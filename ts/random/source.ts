import type { DeviceName, DType, Tensor } from "../tensor/index.js";

/** Element type and device of a draw; any tensor fits. Defaults: float32 on the device of `init()`. */
export interface Like {
  dtype?: DType;
  device?: DeviceName;
}

/**
 * A stream of random numbers; what draws takes one, so that every experiment can be repeated. Draws are not on the
 * tape.
 */
export interface RandomSource {
  /** Standard normal. */
  normal(shape: readonly number[], like?: Like): Tensor;
  /** Uniform on [0, 1). */
  uniform(shape: readonly number[], like?: Like): Tensor;
  /** -1 or +1 with equal probability. */
  rademacher(shape: readonly number[], like?: Like): Tensor;
  /** 1 with probability p, else 0. */
  bernoulli(shape: readonly number[], p: number, like?: Like): Tensor;
  /** Whole numbers, uniform on [low, high). Default shape: `[]`. */
  randint(low: number, high: number, shape?: readonly number[], like?: Like): Tensor;
  /** 0 to n - 1 in random order. */
  permutation(n: number, like?: Like): Tensor;
  /** One index of 0 to n - 1, uniform or with probabilities in proportion to the weights. */
  choice(n: number, weights?: readonly number[]): number;
  /** Poisson counts; `rate` holds the means. */
  poisson(rate: Tensor, like?: Like): Tensor;
  /** Binomial counts; `n` holds the numbers of trials. */
  binomial(n: Tensor, p: number, like?: Like): Tensor;
  /** Gamma(shape parameter, scale), mean `shapeParameter scale`. */
  gamma(shapeParameter: number, scale: number, shape: readonly number[], like?: Like): Tensor;
  /** Beta(a, b), mean `a / (a + b)`. */
  beta(a: number, b: number, shape: readonly number[], like?: Like): Tensor;
  /** Exponential with mean one. */
  exponential(shape: readonly number[], like?: Like): Tensor;
  /** Laplace with mean zero and scale one (variance two). */
  laplace(shape: readonly number[], like?: Like): Tensor;
  /** An independent stream; the draws of one do not change those of the other. */
  fork(): RandomSource;
  /** Everything that decides the next draws, as text. */
  state(): string;
}
