import { checkTensor, freeOnError, handleOf, operators, optionalHandle, Tensor } from "../tensor/index.js";
import { checkArguments, pair } from "./options.js";
import type { Size2 } from "./options.js";

/** Options of {@link conv2d}. */
export interface Conv2dArguments {
  /** Added to each output channel, `[O]`. Default: none. */
  bias?: Tensor | null;
  /** Step of the window. Default: 1. */
  stride?: Size2;
  /** Zeros on each side; `"same"` keeps the size (stride 1), `"valid"` means 0. Default: 0. */
  padding?: Size2 | "same" | "valid";
  /** Spacing of the taps. Default: 1. */
  dilation?: Size2;
  /** Number of channel groups that do not mix. Default: 1. */
  groups?: number;
  /** Slope of a (leaky) ReLU applied in the same pass to what is below zero; 0 is ReLU. Default: 1. */
  negativeSlope?: number;
  /** Whether operands may be rounded as `init`'s `precision` or `tf32` says; `nn.Conv2d` allows it. Default: false. */
  mixed?: boolean;
}

/**
 * Cross-correlation `y[b, o, i, j] = bias[o] + sum_{c, u, v} weight[o, c, u, v] x[b, c, i s + u d - p, j s + v d - p]`.
 *
 * `x` is `[B, C, H, W]`, `weight` `[O, C / groups, kh, kw]`, the result `[B, O, H', W']`.
 *
 * @throws ShapeError `shape_mismatch` where they disagree; ArgumentError `invalid_argument`, `unknown_option`.
 */
export function conv2d(x: Tensor, weight: Tensor, options: Conv2dArguments = {}): Tensor {
  const caller = "conv2d";
  checkArguments(caller, options, ["bias", "stride", "padding", "dilation", "groups", "negativeSlope", "mixed"]);
  const { bias = null, groups = 1, negativeSlope = 1, padding = 0, mixed = false } = options;
  const stride = pair(caller, "stride", options.stride ?? 1, 1);
  const dilation = pair(caller, "dilation", options.dilation ?? 1, 1);
  const run = (input: Tensor, border: readonly [number, number]): Tensor =>
    new Tensor(
      operators.conv2d(
        handleOf(input),
        handleOf(weight),
        optionalHandle(bias),
        stride,
        border,
        dilation,
        groups,
        mixed,
        negativeSlope,
      ),
    );
  if (padding !== "same") return run(x, pair(caller, "padding", padding === "valid" ? 0 : padding));
  // An even kernel needs one more zero after than before, as in PyTorch.
  checkTensor(caller, "weight", weight);
  const total = [0, 1].map((axis) => (dilation[axis] ?? 1) * ((weight.shape[2 + axis] ?? 1) - 1));
  const [top = 0, left = 0] = total.map((n) => Math.floor(n / 2));
  const [bottom = 0, right = 0] = total.map((n) => Math.ceil(n / 2));
  if (top === bottom && left === right) return run(x, [top, left]);
  return freeOnError(() => run(checkTensor(caller, "x", x).pad([0, 0, 0, 0, top, bottom, left, right]), [0, 0]));
}

/** Options of {@link convTranspose2d}. */
export interface ConvTranspose2dArguments {
  /** Added to each output channel, `[O]`. Default: none. */
  bias?: Tensor | null;
  /** Step between the copies of the kernel. Default: 1. */
  stride?: Size2;
  /** Rows and columns cut from each side. Default: 0. */
  padding?: Size2;
  /** Rows and columns added at the end. Default: 0. */
  outputPadding?: Size2;
  /** Spacing of the taps. Default: 1. */
  dilation?: Size2;
  /** Number of channel groups that do not mix. Default: 1. */
  groups?: number;
  /** As of {@link conv2d}. Default: false. */
  mixed?: boolean;
}

/**
 * Transposed convolution, the adjoint of {@link conv2d} in its input (without the bias).
 *
 * `x` is `[B, C, H, W]`, `weight` `[C, O / groups, kh, kw]`, the result `[B, O, H', W']` with
 * `H' = (H - 1) s - 2 p + d (kh - 1) + outputPadding + 1`.
 *
 * @throws ShapeError `shape_mismatch` where they disagree; ArgumentError `invalid_argument`, `unknown_option`.
 */
export function convTranspose2d(x: Tensor, weight: Tensor, options: ConvTranspose2dArguments = {}): Tensor {
  const caller = "convTranspose2d";
  checkArguments(caller, options, ["bias", "stride", "padding", "outputPadding", "dilation", "groups", "mixed"]);
  return new Tensor(
    operators.convTranspose2d(
      handleOf(x),
      handleOf(weight),
      optionalHandle(options.bias),
      pair(caller, "stride", options.stride ?? 1, 1),
      pair(caller, "padding", options.padding ?? 0),
      pair(caller, "outputPadding", options.outputPadding ?? 0),
      pair(caller, "dilation", options.dilation ?? 1, 1),
      options.groups ?? 1,
      options.mixed ?? false,
    ),
  );
}

/** Options of {@link unfold}. */
export interface UnfoldArguments {
  /** Step of the window. Default: 1. */
  stride?: Size2;
  /** Zeros on each side. Default: 0. */
  padding?: Size2;
  /** Spacing of the taps. Default: 1. */
  dilation?: Size2;
}

/**
 * Sliding windows as columns, `[B, C, H, W]` to `[B, C kh kw, L]` for `L` windows in row-major order, as
 * `torch.nn.functional.unfold`.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`, `unknown_option`.
 */
export function unfold(x: Tensor, kernelSize: Size2, options: UnfoldArguments = {}): Tensor {
  checkArguments("unfold", options, ["stride", "padding", "dilation"]);
  return new Tensor(
    operators.unfold2d(
      handleOf(x),
      pair("unfold", "kernelSize", kernelSize, 1),
      pair("unfold", "stride", options.stride ?? 1, 1),
      pair("unfold", "padding", options.padding ?? 0),
      pair("unfold", "dilation", options.dilation ?? 1, 1),
    ),
  );
}
