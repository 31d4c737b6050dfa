import { axis, checkTensor, handleOf, operators, Tensor } from "../tensor/index.js";

/** `max(x, 0)`. */
export const relu = (x: Tensor): Tensor => checkTensor("relu", "x", x).relu();
/** `x` where positive, else `negativeSlope x`. Default: 0.01. */
export const leakyRelu = (x: Tensor, negativeSlope = 0.01): Tensor =>
  checkTensor("leakyRelu", "x", x).leakyRelu(negativeSlope);
/** `x` where positive, else `alpha (e^x - 1)`. Default: 1. */
export const elu = (x: Tensor, alpha = 1): Tensor => checkTensor("elu", "x", x).elu(alpha);
/** `x sigmoid(x)`. */
export const silu = (x: Tensor): Tensor => checkTensor("silu", "x", x).silu();
/** `x Phi(x)`, with the standard normal distribution function `Phi`. */
export const gelu = (x: Tensor): Tensor => checkTensor("gelu", "x", x).gelu();
/** `log(1 + e^x)`. */
export const softplus = (x: Tensor): Tensor => checkTensor("softplus", "x", x).softplus();
/** `1 / (1 + e^-x)`. */
export const sigmoid = (x: Tensor): Tensor => checkTensor("sigmoid", "x", x).sigmoid();
/** Hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => checkTensor("tanh", "x", x).tanh();

/** `e^x` over its sum along `dim`, computed without overflow. Default: 1. */
export function softmax(x: Tensor, dim = 1): Tensor {
  checkTensor("softmax", "x", x);
  return new Tensor(operators.softmax(handleOf(x), axis("softmax", dim, x.rank)));
}
