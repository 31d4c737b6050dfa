import { ArgumentError, ShapeError } from "../runtime/index.js";
import { axes, axis, position } from "./axes.js";
import { setFactory } from "./base.js";
import { ops } from "./ops.generated.js";
import { TensorReduction } from "./reduction.js";
import type { Dims } from "./types.js";

export { fromHandle } from "./base.js";

/** How `pad` fills: a value, the mirrored inside (edge not repeated), the edge, or the opposite side. */
export type PadMode = "constant" | "reflect" | "replicate" | "circular";
const PAD_MODES: readonly PadMode[] = ["constant", "reflect", "replicate", "circular"];

/** Sliding windows of {@link Tensor.unfold}; one number stands for both axes. */
export interface UnfoldOptions {
  /** Default: 1. */
  stride?: number | readonly [number, number];
  /** Default: 0. */
  padding?: number | readonly [number, number];
  /** Default: 1. */
  dilation?: number | readonly [number, number];
}

const pair = (v: number | readonly [number, number]): readonly number[] => (typeof v === "number" ? [v, v] : v);

/**
 * An n-dimensional array of numbers on a device. Operators give new tensors; nothing is changed in place but by methods
 * that end in `_`. Shapes that do not fit throw ShapeError, foreign devices DeviceError, mixed element types
 * DTypeError.
 */
export class Tensor extends TensorReduction {
  /**
   * Matrix product over the last two axes, the leading ones broadcast; a vector is a row on the left and a column on
   * the right.
   */
  matmul(other: Tensor): Tensor {
    if (!(other instanceof Tensor))
      throw new ArgumentError(`matmul: the other operand is ${typeof other}, expected a tensor`, "invalid_argument");
    if (this.rank === 0 || other.rank === 0)
      throw new ShapeError("matmul: a single number is not a matrix; use mul", "shape_mismatch");
    const product = ops.matmul(
      this.rank === 1 ? this.unsqueeze(0) : this,
      other.rank === 1 ? other.unsqueeze(1) : other,
    );
    const rows = this.rank === 1 ? product.squeeze(-2) : product;
    return other.rank === 1 ? rows.squeeze(-1) : rows;
  }

  /** The same elements in another shape; one size may be -1. */
  reshape(shape: readonly number[]): Tensor {
    return ops.reshape(this, shape);
  }
  /** Axes `start` to `end` (inclusive) as one. Default: all. */
  flatten(start = 0, end = -1): Tensor {
    if (this.rank === 0) return this.reshape([1]);
    const [a, b] = [axis("flatten", start, this.rank), axis("flatten", end, this.rank)];
    if (a > b) throw new ArgumentError(`flatten: axis ${start} comes after axis ${end}`, "invalid_axis");
    const middle = this.shape.slice(a, b + 1).reduce((n, s) => n * s, 1);
    return this.reshape([...this.shape.slice(0, a), middle, ...this.shape.slice(b + 1)]);
  }
  /**
   * Without the axes of size one, or without the named ones. Throws ShapeError `shape_mismatch` where a named one is
   * larger.
   */
  squeeze(dims?: Dims): Tensor {
    if (dims === undefined) return this.reshape(this.shape.filter((s) => s !== 1));
    const drop = axes("squeeze", dims, this.rank);
    const large = drop.find((d) => this.shape[d] !== 1);
    if (large !== undefined)
      throw new ShapeError(`squeeze: axis ${large} has size ${this.shape[large]}, expected 1`, "shape_mismatch");
    return this.reshape(this.shape.filter((_, d) => !drop.includes(d)));
  }
  /** With a new axis of size one at `dim`. */
  unsqueeze(dim: number): Tensor {
    const shape = [...this.shape];
    shape.splice(axis("unsqueeze", dim, this.rank + 1), 0, 1);
    return this.reshape(shape);
  }
  /** Axes in another order. */
  permute(order: readonly number[]): Tensor {
    return ops.permute(this, axes("permute", order, this.rank));
  }
  /** Two axes exchanged. Default: the last two. */
  transpose(a = -2, b = -1): Tensor {
    const order = this.shape.map((_, d) => d);
    const [i, j] = [axis("transpose", a, this.rank), axis("transpose", b, this.rank)];
    [order[i], order[j]] = [j, i];
    return ops.permute(this, order);
  }
  /** Axes of size one repeated and leading axes added; -1 keeps a size. */
  expand(shape: readonly number[]): Tensor {
    const added = shape.length - this.rank;
    return ops.expand(
      this,
      shape.map((s, d) => (s === -1 ? (this.shape[d - added] ?? -1) : s)),
    );
  }

  /**
   * `x[start:end:step]` on the leading axes; axes not listed stay whole. Negative positions count from the end. Default
   * step: 1. Throws ArgumentError `invalid_argument` for a step below one.
   */
  slice(starts: readonly number[], ends: readonly (number | undefined)[] = [], steps: readonly number[] = []): Tensor {
    const most = Math.max(starts.length, ends.length, steps.length);
    if (most > this.rank)
      throw new ArgumentError(`slice: ${most} positions for a tensor of rank ${this.rank}`, "invalid_axis");
    const from = this.shape.map((size, d) => position(starts[d], size, 0));
    const to = this.shape.map((size, d) => Math.max(position(ends[d], size, size), from[d] as number));
    return ops.slice(
      this,
      from,
      to,
      this.shape.map((_, d) => steps[d] ?? 1),
    );
  }
  /** Entry `index` of an axis, without that axis. */
  select(dim: number, index: number): Tensor {
    const d = axis("select", dim, this.rank);
    const at = axis("select", index, this.shape[d] as number);
    const starts = this.shape.map((_, k) => (k === d ? at : 0));
    return this.slice(
      starts,
      this.shape.map((s, k) => (k === d ? at + 1 : s)),
    ).squeeze(d);
  }
  /** The listed positions of an axis; `index` is a vector of whole numbers. Default axis: 0. */
  indexSelect(index: Tensor, dim = 0): Tensor {
    return ops.indexSelect(this, index, axis("indexSelect", dim, this.rank));
  }
  /** `out[.., i, ..] = x[.., index[.., i, ..], ..]` along an axis; `index` has the rank of x. */
  gather(index: Tensor, dim = 0): Tensor {
    return ops.gather(this, index, axis("gather", dim, this.rank));
  }
  /** x with `source` added at the positions `index` of an axis; the adjoint of {@link gather}. */
  scatterAdd(index: Tensor, source: Tensor, dim = 0): Tensor {
    return ops.scatterAdd(this, index, source, axis("scatterAdd", dim, this.rank));
  }
  /** Axes reversed. */
  flip(dims: Dims): Tensor {
    return ops.flip(this, axes("flip", dims, this.rank));
  }
  /** Axes shifted circularly, towards larger indices for positive shifts. */
  roll(shifts: Dims, dims: Dims): Tensor {
    const by = typeof shifts === "number" ? [shifts] : shifts;
    const list = axes("roll", dims, this.rank);
    if (by.length !== list.length)
      throw new ArgumentError(`roll: ${by.length} shifts for ${list.length} axes`, "invalid_argument");
    return ops.roll(this, by, list);
  }
  /**
   * Every axis padded: `widths` holds (before, after) of each axis, the first axis first. Defaults: mode `"constant"`,
   * value 0.
   */
  pad(widths: readonly number[], options: { mode?: PadMode; value?: number } = {}): Tensor {
    const mode = options.mode ?? "constant";
    const code = PAD_MODES.indexOf(mode);
    if (code < 0)
      throw new ArgumentError(
        `pad: mode is ${JSON.stringify(mode)}, expected one of ${PAD_MODES.join(", ")}`,
        "invalid_argument",
      );
    if (widths.length !== 2 * this.rank) {
      throw new ArgumentError(
        `pad: ${widths.length} widths for a tensor of rank ${this.rank}, expected ${2 * this.rank} (before and after of each axis)`,
        "invalid_argument",
      );
    }
    return ops.pad(this, widths, code, options.value ?? 0);
  }
  /** All windows of an image as columns: [B, C, H, W] to [B, C kh kw, L], L windows in row-major order. */
  unfold(kernel: number | readonly [number, number], options: UnfoldOptions = {}): Tensor {
    return ops.unfold2d(
      this,
      pair(kernel),
      pair(options.stride ?? 1),
      pair(options.padding ?? 0),
      pair(options.dilation ?? 1),
    );
  }
}

setFactory((handle) => new Tensor(handle));

/** The host's handle of a tensor. Throws ArgumentError `invalid_argument` for anything else. */
export function handleOf(t: Tensor): number {
  if (!(t instanceof Tensor)) throw new ArgumentError(`expected a tensor, got ${typeof t}`, "invalid_argument");
  return t.handle;
}
