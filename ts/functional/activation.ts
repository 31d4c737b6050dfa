import type { Tensor } from "../tensor/index.js";

/** `max(x, 0)`. */
export const relu = (x: Tensor): Tensor => x.relu();
/** `x` where positive, else `negativeSlope x`. Default: 0.01. */
export const leakyRelu = (x: Tensor, negativeSlope = 0.01): Tensor => x.leakyRelu(negativeSlope);
/** `x` where positive, else `alpha (e^x - 1)`. Default: 1. */
export const elu = (x: Tensor, alpha = 1): Tensor => x.elu(alpha);
/** `x sigmoid(x)`. */
export const silu = (x: Tensor): Tensor => x.silu();
/** `x Phi(x)`, with the standard normal distribution function `Phi`. */
export const gelu = (x: Tensor): Tensor => x.gelu();
/** `log(1 + e^x)`. */
export const softplus = (x: Tensor): Tensor => x.softplus();
/** `1 / (1 + e^-x)`. */
export const sigmoid = (x: Tensor): Tensor => x.sigmoid();
/** Hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => x.tanh();

/** `e^x` over its sum along `dim`, computed without overflow. Default: 1. */
export function softmax(x: Tensor, dim = 1): Tensor {
  // The maximum only shifts the exponent, so no gradient flows through it.
  const shifted = x.sub(x.max(dim, true).detach()).exp();
  return shifted.div(shifted.sum(dim, true));
}
