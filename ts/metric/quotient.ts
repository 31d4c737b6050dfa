import { type Tensor, where } from "../tensor/index.js";

/** `a / b` for b of any sign; 0 with gradient zero where b is 0. */
export function quotient(a: Tensor, b: Tensor): Tensor {
  const zero = b.detach().eq(0);
  return where(zero, 0, a.div(b.add(zero)));
}

/** `t^p` for t >= 0 and p >= 0; where t is 0 the gradient is zero, also for p < 1. */
export function safePow(t: Tensor, p: number): Tensor {
  if (p === 1) return t;
  const zero = t.detach().eq(0);
  return where(zero, p === 0 ? 1 : 0, t.add(zero).pow(p));
}
