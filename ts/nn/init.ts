import { Rng } from "../random/index.js";
import type { RandomSource } from "../random/index.js";
import { tidy } from "../tensor/index.js";
import type { Tensor } from "../tensor/index.js";
import type { WeightOptions } from "./types.js";

/** Number of inputs that feed one output unit: shape[1] times the kernel's area, as PyTorch counts it. */
export function fanIn(shape: readonly number[]): number {
  return shape.slice(1).reduce((product, n) => product * n, 1);
}

/** The options a model hands to all its layers, with one stream shared by them. */
export function sharedWeights(options: WeightOptions): WeightOptions & { rng: RandomSource } {
  const shared: WeightOptions & { rng: RandomSource } = { rng: options.rng ?? new Rng(0) };
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
 * PyTorch's default for layer weights: Kaiming's uniform law with a = sqrt(5), which is U(-1/sqrt(fan), 1/sqrt(fan)).
 * Reference: He, Zhang, Ren, Sun, "Delving deep into rectifiers", 2015.
 */
export function defaultWeights(shape: readonly number[], weights: WeightOptions & { rng: RandomSource }): Tensor {
  return uniformWeights(shape, 1 / Math.sqrt(Math.max(1, fanIn(shape))), weights);
}

/** Kaiming's normal law for ReLU networks: N(0, 2 / fan). Reference: He et al., 2015. */
export function kaimingNormal(shape: readonly number[], weights: WeightOptions & { rng: RandomSource }): Tensor {
  return tidy(() => weights.rng.normal([...shape], weights).mul(Math.sqrt(2 / fanIn(shape))));
}
