import type { DeviceName, DType, Tensor } from "../tensor/index.js";

/** Element type and device of a draw, for example those of a tensor. */
export interface Like {
  /** Default: `"float32"`. */
  readonly dtype?: DType;
  /** Default: the device of `init()`. */
  readonly device?: DeviceName;
}

/**
 * A random stream. Everything that draws takes one as an argument, so that experiments can be repeated. Draws are not
 * recorded on the tape.
 */
export interface RandomSource {
  /** Standard normal numbers. */
  normal(shape: readonly number[], like?: Like): Tensor;
  /** Uniform numbers on [0, 1). */
  uniform(shape: readonly number[], like?: Like): Tensor;
  /** -1 or +1 with equal probability. */
  rademacher(shape: readonly number[], like?: Like): Tensor;
  /** 1 with probability p, otherwise 0. */
  bernoulli(shape: readonly number[], p: number, like?: Like): Tensor;
  /** Whole numbers, uniform on [low, high). Default shape: `[]`. */
  randint(low: number, high: number, shape?: readonly number[], like?: Like): Tensor;
  /** The numbers 0 to n - 1 in random order. */
  permutation(n: number, like?: Like): Tensor;
  /** One index from 0 to n - 1, uniform or with probabilities proportional to the weights. */
  choice(n: number, weights?: readonly number[]): number;
  /** Poisson counts with the means `rate`. */
  poisson(rate: Tensor, like?: Like): Tensor;
  /** Binomial counts with `n` trials and success probability p. */
  binomial(n: Tensor, p: number, like?: Like): Tensor;
  /** Gamma(shapeParameter, scale), with mean `shapeParameter scale`. */
  gamma(shapeParameter: number, scale: number, shape: readonly number[], like?: Like): Tensor;
  /** Beta(a, b), with mean `a / (a + b)`. */
  beta(a: number, b: number, shape: readonly number[], like?: Like): Tensor;
  /** Exponential with mean 1. */
  exponential(shape: readonly number[], like?: Like): Tensor;
  /** Laplace with mean 0 and scale 1 (variance 2). */
  laplace(shape: readonly number[], like?: Like): Tensor;
  /** An independent stream: draws from one do not affect the other. */
  fork(): RandomSource;
  /** The state of the stream as text; it determines all further draws. */
  state(): string;
}
