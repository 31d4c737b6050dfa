import type { Tensor } from "../../tensor/index.js";

/** Square root whose gradient at zero is zero instead of infinite. */
export function safeSqrt(t: Tensor): Tensor {
  const zero = t.detach().eq(0);
  return t.add(zero).sqrt().sub(zero);
}
