import { exceptAtZero, type Tensor } from "../tensor/index.js";

/**
 * `sqrt(t)` whose derivatives at zero are 0 instead of infinite.
 *
 * For a norm, `t = |x|^2`, the gradient at `x = 0` is then 0, the subgradient of smallest norm. Unlike `sqrt(t + eps)`
 * it does not change the values, and unlike a finite slope at zero it adds nothing to the second derivative there.
 */
export function safeSqrt(t: Tensor): Tensor {
  return exceptAtZero(t, (positive) => positive.sqrt());
}

/** Magnitude of complex images, `[B, 2, ...]` to `[B, 1, ...]`. */
export function magnitude(x: Tensor): Tensor {
  return safeSqrt(x.square().sum(1, true));
}
