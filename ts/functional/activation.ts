import { ops } from "../tensor/index.js";
import type { Tensor } from "../tensor/index.js";

/** `max(x, 0)`. */
export const relu = (x: Tensor): Tensor => ops.relu(x);
/** `x` where positive, else `negativeSlope x`. Default: 0.01. */
export const leakyRelu = (x: Tensor, negativeSlope = 0.01): Tensor => ops.leakyRelu(x, negativeSlope);
/** `x` where positive, else `alpha (e^x - 1)`. Default: 1. */
export const elu = (x: Tensor, alpha = 1): Tensor => ops.elu(x, alpha);
/** `x sigmoid(x)`. */
export const silu = (x: Tensor): Tensor => ops.silu(x);
/** `x Phi(x)`, with the standard normal distribution function `Phi`. */
export const gelu = (x: Tensor): Tensor => ops.gelu(x);
/** `log(1 + e^x)`. */
export const softplus = (x: Tensor): Tensor => ops.softplus(x);
/** `1 / (1 + e^-x)`. */
export const sigmoid = (x: Tensor): Tensor => ops.sigmoid(x);
/** Hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => ops.tanh(x);

/** `e^x` over its sum along `dim`, computed without overflow. Default: 1. */
export function softmax(x: Tensor, dim = 1): Tensor {
  // The maximum only shifts the exponent, so no gradient flows through it.
  const shifted = x.sub(x.max(dim, true).detach()).exp();
  return shifted.div(shifted.sum(dim, true));
}
