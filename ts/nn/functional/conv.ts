import { ops } from "../../tensor/index.js";
import type { Tensor } from "../../tensor/index.js";
import { pair } from "./common.js";
import type { Size2 } from "./common.js";

/** Options of {@link conv2d}. */
export interface Conv2dArguments {
  /** Step of the window; default 1. */
  stride?: Size2;
  /** Zeros on each side; default 0. "same" keeps the size (stride 1), "valid" means 0. */
  padding?: Size2 | "same" | "valid";
  /** Spacing of the taps; default 1. */
  dilation?: Size2;
  /** Number of channel groups that do not mix; default 1. */
  groups?: number;
  /** A (leaky) rectifier in the same pass: what is below zero is multiplied by this; 0 is ReLU, default 1. */
  negativeSlope?: number;
}

/**
 * Cross-correlation: y[b,o,i,j] = bias[o] + sum_{c,u,v} weight[o,c,u,v] x[b,c,i s + u d - p, j s + v d - p].
 * Shapes: input [B,C,H,W], weight [O,C/groups,kh,kw], bias [O]. Throws ShapeError where they disagree.
 */
export function conv2d(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: Conv2dArguments = {},
): Tensor {
  const stride = pair("conv2d", "stride", options.stride ?? 1, 1);
  const dilation = pair("conv2d", "dilation", options.dilation ?? 1, 1);
  const groups = options.groups ?? 1;
  const wanted = options.padding ?? 0;
  const slope = options.negativeSlope ?? 1;
  const run = (x: Tensor, step: readonly number[], border: readonly number[]): Tensor =>
    slope === 1
      ? ops.conv2d(x, weight, bias, step, border, dilation, groups)
      : ops.conv2dActivated(x, weight, bias, step, border, dilation, groups, slope);
  if (wanted !== "same") return run(input, stride, pair("conv2d", "padding", wanted === "valid" ? 0 : wanted));
  // An even kernel needs one more zero after than before, as in PyTorch.
  const total = [0, 1].map((axis) => (dilation[axis] ?? 1) * ((weight.shape[2 + axis] ?? 1) - 1));
  const [up = 0, left = 0] = total.map((n) => Math.floor(n / 2));
  const [down = 0, right = 0] = total.map((n) => Math.ceil(n / 2));
  if (up === down && left === right) return run(input, stride, [up, left]);
  return run(ops.pad(input, [0, 0, 0, 0, up, down, left, right], 0, 0), stride, [0, 0]);
}

/** Options of {@link convTranspose2d}. */
export interface ConvTranspose2dArguments {
  /** Step between the copies of the kernel; default 1. */
  stride?: Size2;
  /** Rows and columns cut from each side; default 0. */
  padding?: Size2;
  /** Rows and columns added at the end; default 0. */
  outputPadding?: Size2;
  /** Spacing of the taps; default 1. */
  dilation?: Size2;
  /** Number of channel groups that do not mix; default 1. */
  groups?: number;
}

/**
 * The adjoint of {@link conv2d} in its input (without the bias).
 * Shapes: input [B,C,H,W], weight [C,O/groups,kh,kw], bias [O]; output height (H-1) s - 2p + d (kh-1) + outputPadding +
 * 1.
 */
export function convTranspose2d(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: ConvTranspose2dArguments = {},
): Tensor {
  return ops.convTranspose2d(
    input,
    weight,
    bias,
    pair("convTranspose2d", "stride", options.stride ?? 1, 1),
    pair("convTranspose2d", "padding", options.padding ?? 0),
    pair("convTranspose2d", "outputPadding", options.outputPadding ?? 0),
    pair("convTranspose2d", "dilation", options.dilation ?? 1, 1),
    options.groups ?? 1,
  );
}

/** Sliding windows as columns: [B,C,H,W] to [B, C*kh*kw, number of windows], as `torch.nn.functional.unfold`. */
export function unfold(
  x: Tensor,
  kernelSize: Size2,
  options: { stride?: Size2; padding?: Size2; dilation?: Size2 } = {},
): Tensor {
  return ops.unfold2d(
    x,
    pair("unfold", "kernelSize", kernelSize, 1),
    pair("unfold", "stride", options.stride ?? 1, 1),
    pair("unfold", "padding", options.padding ?? 0),
    pair("unfold", "dilation", options.dilation ?? 1, 1),
  );
}

/** y = x weight^T + bias. Shapes: x [..., in], weight [out, in], bias [out]. */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  // A single vector becomes a row, since the core multiplies matrices.
  const rows = x.shape.length === 1 ? x.reshape([1, -1]) : x;
  const product = ops.matmul(rows, weight.permute([1, 0]));
  const y = bias === null ? product : product.add(bias);
  return x.shape.length === 1 ? y.reshape([-1]) : y;
}
