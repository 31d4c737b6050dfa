import type { Tensor, TypedArray } from "../tensor/index.js";
import type { RandomSource } from "./source.js";

/** Draws whose values the CPU needs: they can be read synchronously, in float64. */
export const CPU_FLOAT64 = { dtype: "float64", device: "cpu" } as const;

/** Uniform numbers on [0, 1). */
export function uniformValues(rng: RandomSource, shape: readonly number[]): TypedArray {
  return take(rng.uniform(shape, CPU_FLOAT64));
}

/** Standard normal numbers. */
export function normalValues(rng: RandomSource, shape: readonly number[]): TypedArray {
  return take(rng.normal(shape, CPU_FLOAT64));
}

/** The numbers 0 to n - 1 in random order. */
export function permutationValues(rng: RandomSource, n: number): TypedArray {
  return take(rng.permutation(n, CPU_FLOAT64));
}

/** One whole number, uniform on [0, n). */
export function indexValue(rng: RandomSource, n: number): number {
  return take(rng.randint(0, n, [1], CPU_FLOAT64))[0] ?? 0;
}

/** A seed for further streams: a whole number, uniform on [0, 2^53 - 1]. */
export function seedValue(rng: RandomSource): number {
  const [u = 0] = uniformValues(rng, [1]);
  return Math.floor(u * 2 ** 53);
}

/** Reads a tensor and disposes of it. */
function take(t: Tensor): TypedArray {
  try {
    return t.dataSync();
  } finally {
    t.dispose();
  }
}
