import { handleOf, operators, Tensor } from "../tensor/index.js";

/** Two tensors of one shape, and a factor of the second. */
export interface LerpPair {
  readonly a: Tensor;
  readonly b: Tensor;
  /** Default: 1. */
  readonly factor?: number;
}

/**
 * `a + weight (factor b - a)` for each pair, off the tape: running means, many of them in one launch of a GPU.
 *
 * @throws ShapeError `shape_mismatch`; DeviceError `device_mismatch`; DTypeError `dtype_mismatch`.
 */
export function lerp(pairs: readonly LerpPair[], weight: number): Tensor[] {
  if (pairs.length === 0) return [];
  const tensors = pairs.flatMap(({ a, b }) => [handleOf(a), handleOf(b)]);
  const factors = pairs.map(({ factor = 1 }) => factor);
  return operators.lerp(tensors, weight, factors).map((handle) => new Tensor(handle));
}
