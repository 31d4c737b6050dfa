import type { Tensor, TypedArray } from "../tensor/index.js";
import type { RandomSource } from "./source.js";

/** Draws that are worked on outside the device: on the CPU in double precision. */
export const ON_HOST = { dtype: "float64", device: "cpu" } as const;

/** Uniform numbers on [0, 1), as plain numbers. */
export function uniformValues(rng: RandomSource, shape: readonly number[]): TypedArray {
  return take(rng.uniform(shape, ON_HOST));
}

/** Standard normal numbers, as plain numbers. */
export function normalValues(rng: RandomSource, shape: readonly number[]): TypedArray {
  return take(rng.normal(shape, ON_HOST));
}

/** The numbers 0 to n - 1 in random order. */
export function permutationValues(rng: RandomSource, n: number): TypedArray {
  return take(rng.permutation(n, ON_HOST));
}

/** One whole number, uniform on [0, n); it does not wait for a device. */
export function indexValue(rng: RandomSource, n: number): number {
  return take(rng.randint(0, n, [1], ON_HOST))[0] ?? 0;
}

function take(t: Tensor): TypedArray {
  const values = t.dataSync();
  t.dispose();
  return values;
}
