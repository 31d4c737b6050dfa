import type { Tensor } from "../tensor/index.js";

/**
 * `sqrt(t)` whose derivatives at zero are 0 instead of infinite.
 *
 * For a norm, `t = |x|^2`, this gives the gradient 0 at `x = 0`, the subgradient of least length: unlike `sqrt(t + eps)`
 * it leaves the values as they are, and unlike a finite slope at zero it adds nothing to the second derivative there.
 */
export function safeSqrt(t: Tensor): Tensor {
  const zero = t.detach().eq(0);
  return t.add(zero).sqrt().mul(zero.neg().add(1));
}

/** Magnitude of complex images, `[B, 2, ...]` to `[B, 1, ...]`. */
export function magnitude(x: Tensor): Tensor {
  return safeSqrt(x.square().sum(1, true));
}
