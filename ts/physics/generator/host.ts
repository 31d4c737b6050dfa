import type { RandomSource } from "../../random/index.js";
import { tensor, type Tensor } from "../../tensor/index.js";

/** Draws that are worked on outside the device: on the CPU in double precision. */
export const ON_HOST = { dtype: "float64", device: "cpu" } as const;

type Values = Float32Array | Float64Array;
const known = new WeakMap<Tensor, Values>();

/** The values of a tensor; those of one tensor are read from its device once. */
export function hostValues(t: Tensor): Values {
  const found = known.get(t) ?? t.dataSync();
  known.set(t, found);
  return found;
}

/** A tensor whose values need not be read back later. */
export function fromHost(values: Float32Array, shape: readonly number[], like?: Tensor): Tensor {
  const made = tensor(values, { shape: [...shape], ...(like ? { dtype: like.dtype, device: like.device } : {}) });
  known.set(made, values);
  return made;
}

/** Uniform numbers on [0, 1), as plain numbers. */
export function uniformValues(rng: RandomSource, shape: readonly number[]): Values {
  return take(rng.uniform(shape, ON_HOST));
}

/** Standard normal numbers, as plain numbers. */
export function normalValues(rng: RandomSource, shape: readonly number[]): Values {
  return take(rng.normal(shape, ON_HOST));
}

/** The numbers 0 to n - 1 in random order. */
export function permutationValues(rng: RandomSource, n: number): Values {
  return take(rng.permutation(n, ON_HOST));
}

function take(t: Tensor): Values {
  const values = t.dataSync();
  t.dispose();
  return values;
}
