import { resolveRng } from "../random/index.js";
import type { RandomSource } from "../random/index.js";
import { tidy } from "../tensor/index.js";
import type { Tensor } from "../tensor/index.js";
import type { WeightOptions } from "./types.js";

/** Number of inputs of one output unit: `shape[1]` times the area of the kernel, as PyTorch counts it. */
export function fanIn(shape: readonly number[]): number {
  return shape.slice(1).reduce((product, n) => product * n, 1);
}

/** The options that a model passes to all its layers, with one stream for them. */
export function sharedWeights(options: WeightOptions): WeightOptions & { rng: RandomSource } {
  const shared: WeightOptions & { rng: RandomSource } = { rng: resolveRng(options.rng) };
  if (options.dtype !== undefined) shared.dtype = options.dtype;
  if (options.device !== undefined) shared.device = options.device;
  return shared;
}

/** Uniform draws on [-bound, bound). */
export function uniformWeights(
  shape: readonly number[],
  bound: number,
  weights: WeightOptions & { rng: RandomSource },
): Tensor {
  return tidy(() =>
    weights.rng
      .uniform([...shape], weights)
      .mul(2 * bound)
      .sub(bound),
  );
}

/**
 * PyTorch's default for layer weights: Kaiming uniform initialisation with `a = sqrt(5)`, which is
 * `U(-1 / sqrt(fan), 1 / sqrt(fan))`. (He, Zhang, Ren, Sun, "Delving deep into rectifiers", 2015, arXiv:1502.01852.)
 */
export function defaultWeights(shape: readonly number[], weights: WeightOptions & { rng: RandomSource }): Tensor {
  return uniformWeights(shape, 1 / Math.sqrt(Math.max(1, fanIn(shape))), weights);
}

/** Kaiming normal initialisation for ReLU networks, `N(0, 2 / fan)` (He et al., 2015). */
export function kaimingNormal(shape: readonly number[], weights: WeightOptions & { rng: RandomSource }): Tensor {
  return tidy(() => weights.rng.normal([...shape], weights).mul(Math.sqrt(2 / fanIn(shape))));
}

/**
 * Normal draws with the variance of the entries of an orthogonal matrix times `gain`, `N(0, gain^2 / max(m, n))` for the
 * m x n matrix with one row for each entry of the first axis.
 */
export function scaledNormal(
  shape: readonly number[],
  gain: number,
  weights: WeightOptions & { rng: RandomSource },
): Tensor {
  const deviation = gain / Math.sqrt(Math.max(shape[0] ?? 1, fanIn(shape)));
  return tidy(() => weights.rng.normal([...shape], weights).mul(deviation));
}
