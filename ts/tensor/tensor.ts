/// <reference lib="esnext.disposable" preserve="true" />
import {
  ArgumentError,
  type Binding,
  binding,
  canonicalDevice,
  checkFlag,
  checkList,
  checkNumber,
  checkOptions,
  checkWord,
  type Handle,
  ShapeError,
  SHOWN,
  shown,
} from "../runtime/index.js";
import { axes, axis, position } from "./axes.js";
import { free, freeOnError, hold, type Holder, unwatch } from "./handle.js";
import { operators, type PadMode, padModes } from "./operators.generated.js";
import type { DeviceName, Dims, DType, NestedArray, TypedArray } from "./types.js";

// Node 20 releases before 20.5 lack the symbol; `using` and explicit calls then agree on this one.
if (Symbol.dispose === undefined) Object.defineProperty(Symbol, "dispose", { value: Symbol.for("Symbol.dispose") });

interface Meta {
  shape: readonly number[];
  dtype: DType;
  device: DeviceName;
  requiresGrad: boolean;
}

type Operand = Tensor | number;

/** Sliding windows of {@link Tensor.unfold}; one number stands for both axes. */
export interface UnfoldOptions {
  /** Step of the window. Default: 1. */
  stride?: number | readonly [number, number];
  /** Zeros on each side. Default: 0. */
  padding?: number | readonly [number, number];
  /** Distance of the window's taps. Default: 1. */
  dilation?: number | readonly [number, number];
}

/** Options of {@link Tensor.matmul}. */
export interface MatmulOptions {
  /** Whether operands may be rounded as `init`'s `precision` says: in networks, not in physics. Default: false. */
  mixed?: boolean;
}

function pair(name: string, v: number | readonly [number, number]): readonly [number, number] {
  const both = Array.isArray(v) ? (v as readonly number[]) : [v as number, v as number];
  if (both.length !== 2)
    throw new ArgumentError(`unfold: ${name} is ${shown(v)}, expected one number or two.`, "invalid_argument");
  for (const n of both) checkNumber("unfold", name, n, { integer: true, min: 0 });
  return both as readonly [number, number];
}

/** `f(x)` where x is not 0, else 0 with the gradient 0: there f may have an infinite slope, which times 0 is NaN. */
export function exceptAtZero(x: Tensor, f: (x: Tensor) => Tensor): Tensor {
  const zero = x.detach().eq(0);
  return f(x.add(zero)).mul(zero.neg().add(1));
}

/**
 * An n-dimensional array of numbers on a device. Operators give new tensors; only methods whose names end in `_` change
 * a tensor.
 *
 * @throws ShapeError for shapes that do not fit, DeviceError for tensors of different devices, DTypeError for mixed
 * element types.
 */
export class Tensor {
  #holder: Holder;
  #meta: Meta | undefined;

  /** Takes over a handle; `tensor()` and the other creation functions make tensors. */
  constructor(handle: Handle) {
    if (!Number.isSafeInteger(handle) || handle <= 0)
      throw new ArgumentError(`Tensor: ${shown(handle)} is no handle; use tensor().`, "invalid_argument");
    this.#holder = hold(this, handle, binding());
  }

  /**
   * What frees a tensor.
   *
   * @internal
   */
  static holder(t: Tensor): Holder {
    if (!(t instanceof Tensor)) throw new ArgumentError(`expected a tensor, got ${shown(t)}.`, "invalid_argument");
    return t.#holder;
  }

  /**
   * The core's handle.
   *
   * @throws ArgumentError `disposed` after `dispose()`, or where `init()` has replaced the runtime since.
   * @internal
   */
  get handle(): Handle {
    if (this.#holder.binding !== binding()) {
      throw new ArgumentError("this tensor belongs to a runtime that init() has replaced: make it again.", "disposed");
    }
    if (this.#holder.handle === 0) {
      throw new ArgumentError(
        "this tensor was disposed; keep() it, or return it from tidy(), to use it later.",
        "disposed",
      );
    }
    return this.#holder.handle;
  }

  /** What messages call this tensor. */
  [SHOWN](): string {
    const usable = this.#holder.handle !== 0 && this.#holder.binding === binding();
    return usable ? `a tensor [${this.shape.join(", ")}]` : "a disposed tensor";
  }

  get #binding(): Binding {
    return this.#holder.binding;
  }

  get #info(): Meta {
    this.#meta ??= JSON.parse(this.#binding.info(this.handle)) as Meta;
    return this.#meta;
  }

  /** Sizes of the axes; `[]` for a single number. */
  get shape(): readonly number[] {
    return this.#info.shape;
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return this.shape.reduce((a, b) => a * b, 1);
  }

  /** Element type. */
  get dtype(): DType {
    return this.#info.dtype;
  }

  /** Where the values are. */
  get device(): DeviceName {
    return this.#info.device;
  }

  /** Whether operators on this tensor are recorded on the tape. */
  get requiresGrad(): boolean {
    return this.#info.requiresGrad;
  }

  /**
   * Puts a leaf on the tape (default) or takes it off.
   *
   * @throws ArgumentError `invalid_argument` for the result of an operator: `detach()` it first.
   */
  requiresGrad_(on = true): this {
    const set = checkFlag("requiresGrad_", "on", on, true);
    this.#binding.setRequiresGrad(this.handle, set);
    if (this.#meta) this.#meta = { ...this.#meta, requiresGrad: set };
    return this;
  }

  /** The same values, off the tape. */
  detach(): Tensor {
    return new Tensor(operators.detach(this.handle));
  }

  /** The same values in a new tensor, on the tape. */
  clone(): Tensor {
    return new Tensor(operators.clone(this.handle));
  }

  /** The values on another device or in another element type, on the tape; the tensor itself where nothing changes. */
  to(target: DeviceName | DType): Tensor {
    if (typeof target !== "string")
      throw new ArgumentError(`to: the target is ${shown(target)}, expected a device or a type.`, "invalid_argument");
    if (target === this.dtype) return this;
    if (target === "float32" || target === "float64") return new Tensor(operators.cast(this.handle, target));
    if (canonicalDevice(target) === this.device) return this;
    return new Tensor(this.#binding.toDevice(this.handle, target));
  }

  /**
   * Replaces the values of this leaf by those of `source`, which is disposed; `requiresGrad` stays. Element type, shape
   * and device become those of `source`. Recorded graphs keep the old values.
   */
  assign_(source: Tensor): this {
    handleOf(source);
    if ((source as unknown) === this) return this;
    const on = this.requiresGrad;
    const fresh = source.detach();
    if (on) fresh.requiresGrad_(true);
    const old = this.#holder.handle;
    this.#holder.handle = fresh.#release();
    this.#meta = undefined;
    if (old !== 0) this.#binding.dispose(old);
    source.dispose();
    return this;
  }

  /** Gives the handle away without freeing it. */
  #release(): Handle {
    const { handle } = this;
    this.#holder.handle = 0;
    unwatch(this.#holder);
    return handle;
  }

  /** The values in row-major order. */
  async data(): Promise<TypedArray> {
    return await this.#binding.read(this.handle);
  }

  /**
   * The values in row-major order, waiting for the device.
   *
   * @throws DeviceError `cannot_block` where the device can only be read asynchronously (WebGPU in a browser).
   */
  dataSync(): TypedArray {
    return this.#binding.readSync(this.handle);
  }

  /**
   * The value of a tensor of one element.
   *
   * @throws ArgumentError `invalid_argument` for any other size.
   */
  async item(): Promise<number> {
    this.#checkSingle();
    return (await this.data())[0] as number;
  }

  /** {@link item}, waiting for the device. */
  itemSync(): number {
    this.#checkSingle();
    return this.dataSync()[0] as number;
  }

  #checkSingle(): void {
    if (this.size === 1) return;
    throw new ArgumentError(
      `item: the tensor has shape [${this.shape.join(", ")}], expected one element.`,
      "invalid_argument",
    );
  }

  /** The values as nested arrays. */
  async array(): Promise<NestedArray> {
    const { shape } = this;
    const values = await this.data();
    let next = 0;
    const nest = (dim: number): NestedArray =>
      dim === shape.length
        ? (values[next++] as number)
        : Array.from({ length: shape[dim] as number }, () => nest(dim + 1));
    return nest(0);
  }

  /** Whether `dispose()` was called. */
  get disposed(): boolean {
    return this.#holder.handle === 0;
  }

  /** Frees the values now; a second call does nothing. Graphs that need them keep their own reference. */
  dispose(): void {
    if (this.#holder.handle === 0) return;
    unwatch(this.#holder);
    free(this.#holder);
  }

  /** `using t = ...` frees the tensor at the end of its block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** A short description, without reading the values. */
  toString(): string {
    if (this.disposed) return "Tensor(disposed)";
    const gradient = this.requiresGrad ? ", requiresGrad" : "";
    return `Tensor([${this.shape.join(", ")}], ${this.dtype}, ${this.device}${gradient})`;
  }

  #binary(
    name: string,
    other: Operand,
    tensors: (a: Handle, b: Handle) => Handle,
    scalar: (a: Handle, b: number) => Handle,
  ): Tensor {
    if (typeof other === "number") return new Tensor(scalar(this.handle, other));
    if (other instanceof Tensor) return new Tensor(tensors(this.handle, other.handle));
    throw new ArgumentError(
      `${name}: the other operand is ${shown(other)}, expected a tensor or a number.`,
      "invalid_argument",
    );
  }

  /** An operator of two tensors on this one and a number. */
  #withNumber(op: (a: Handle, b: Handle) => Handle, value: number): Handle {
    const number = this.#binding.full([], value, this.dtype, this.device);
    try {
      return op(this.handle, number);
    } finally {
      this.#binding.dispose(number);
    }
  }

  /** a + b. */
  add(other: Operand): Tensor {
    return this.#binary("add", other, operators.add, operators.addScalar);
  }
  /** a - b. */
  sub(other: Operand): Tensor {
    return this.#binary("sub", other, operators.sub, (a, b) => operators.addScalar(a, -b));
  }
  /** a b. */
  mul(other: Operand): Tensor {
    return this.#binary("mul", other, operators.mul, operators.mulScalar);
  }
  /** a / b; on the cpu the number nearest to it, so that the floor of a quotient of whole numbers is exact. */
  div(other: Operand): Tensor {
    return this.#binary("div", other, operators.div, operators.divScalar);
  }
  /** a^b. */
  pow(other: Operand): Tensor {
    return this.#binary("pow", other, operators.pow, operators.powScalar);
  }
  /** The larger of a and b. */
  maximum(other: Operand): Tensor {
    return this.#binary("maximum", other, operators.maximum, (a, b) =>
      Number.isNaN(b) ? this.#withNumber(operators.maximum, b) : operators.clamp(a, b, Infinity),
    );
  }
  /** The smaller of a and b. */
  minimum(other: Operand): Tensor {
    return this.#binary("minimum", other, operators.minimum, (a, b) =>
      Number.isNaN(b) ? this.#withNumber(operators.minimum, b) : operators.clamp(a, -Infinity, b),
    );
  }
  /** 1 where a = b, else 0. */
  eq(other: Operand): Tensor {
    return this.#binary("eq", other, operators.eq, operators.eqScalar);
  }
  /** 1 where a is not b, else 0. */
  ne(other: Operand): Tensor {
    return this.#binary("ne", other, operators.ne, operators.neScalar);
  }
  /** 1 where a > b, else 0. */
  gt(other: Operand): Tensor {
    return this.#binary("gt", other, operators.gt, operators.gtScalar);
  }
  /** 1 where a >= b, else 0. */
  ge(other: Operand): Tensor {
    return this.#binary("ge", other, operators.ge, operators.geScalar);
  }
  /** 1 where a < b, else 0. */
  lt(other: Operand): Tensor {
    return this.#binary("lt", other, operators.lt, operators.ltScalar);
  }
  /** 1 where a <= b, else 0. */
  le(other: Operand): Tensor {
    return this.#binary("le", other, operators.le, operators.leScalar);
  }

  /** min(max(x, min), max); either bound may be infinite. */
  clamp(min = -Infinity, max = Infinity): Tensor {
    return new Tensor(operators.clamp(this.handle, min, max));
  }
  /** x where x > 0, else slope x. Default slope: 0.01. */
  leakyRelu(slope = 0.01): Tensor {
    return new Tensor(operators.leakyRelu(this.handle, slope));
  }
  /** x where x > 0, else alpha (e^x - 1). Default alpha: 1. */
  elu(alpha = 1): Tensor {
    return new Tensor(operators.elu(this.handle, alpha));
  }
  /** -x. */
  neg(): Tensor {
    return new Tensor(operators.neg(this.handle));
  }
  /** |x|. */
  abs(): Tensor {
    return new Tensor(operators.abs(this.handle));
  }
  /** -1, 0 or 1. */
  sign(): Tensor {
    return new Tensor(operators.sign(this.handle));
  }
  /** e^x. */
  exp(): Tensor {
    return new Tensor(operators.exp(this.handle));
  }
  /** Natural logarithm. */
  log(): Tensor {
    return new Tensor(operators.log(this.handle));
  }
  /** log(1 + x), exact near 0. */
  log1p(): Tensor {
    return new Tensor(operators.log1p(this.handle));
  }
  /** Square root. */
  sqrt(): Tensor {
    return new Tensor(operators.sqrt(this.handle));
  }
  /** 1 / sqrt(x). */
  rsqrt(): Tensor {
    return new Tensor(operators.rsqrt(this.handle));
  }
  /** 1 / x. */
  reciprocal(): Tensor {
    return new Tensor(operators.reciprocal(this.handle));
  }
  /** x^2. */
  square(): Tensor {
    return new Tensor(operators.square(this.handle));
  }
  /** Sine. */
  sin(): Tensor {
    return new Tensor(operators.sin(this.handle));
  }
  /** Cosine. */
  cos(): Tensor {
    return new Tensor(operators.cos(this.handle));
  }
  /** Hyperbolic tangent. */
  tanh(): Tensor {
    return new Tensor(operators.tanh(this.handle));
  }
  /** 1 / (1 + e^-x). */
  sigmoid(): Tensor {
    return new Tensor(operators.sigmoid(this.handle));
  }
  /** max(x, 0). */
  relu(): Tensor {
    return new Tensor(operators.relu(this.handle));
  }
  /** x / (1 + e^-x). */
  silu(): Tensor {
    return new Tensor(operators.silu(this.handle));
  }
  /** x times the standard normal distribution function of x. */
  gelu(): Tensor {
    return new Tensor(operators.gelu(this.handle));
  }
  /** log(1 + e^x). */
  softplus(): Tensor {
    return new Tensor(operators.softplus(this.handle));
  }
  /** Error function. */
  erf(): Tensor {
    return new Tensor(operators.erf(this.handle));
  }
  /** The largest integer not above. */
  floor(): Tensor {
    return new Tensor(operators.floor(this.handle));
  }
  /** The nearest integer, halves to even. */
  round(): Tensor {
    return new Tensor(operators.round(this.handle));
  }

  #reduce(
    name: string,
    op: (x: Handle, dims: readonly number[], keepDims: boolean) => Handle,
    dims: Dims | undefined,
    keepDims: boolean,
  ): Tensor {
    const list = axes(name, dims, this.rank);
    if (dims !== undefined && list.length === 0) return this.clone();
    return new Tensor(op(this.handle, list, keepDims));
  }

  /** Sum. */
  sum(dims?: Dims, keepDims = false): Tensor {
    return this.#reduce("sum", operators.sum, dims, keepDims);
  }
  /** Mean. */
  mean(dims?: Dims, keepDims = false): Tensor {
    return this.#reduce("mean", operators.mean, dims, keepDims);
  }
  /** Largest element; equal ones share the gradient. */
  max(dims?: Dims, keepDims = false): Tensor {
    return this.#reduce("max", operators.max, dims, keepDims);
  }
  /** Smallest element; equal ones share the gradient. */
  min(dims?: Dims, keepDims = false): Tensor {
    return this.#reduce("min", operators.min, dims, keepDims);
  }
  /** Product. */
  prod(dims?: Dims, keepDims = false): Tensor {
    return this.#reduce("prod", operators.prod, dims, keepDims);
  }

  /** `sum (x - mean)^2 / (n - correction)`; default correction: 1 (unbiased). */
  variance(dims?: Dims, keepDims = false, correction = 1): Tensor {
    return freeOnError(() => {
      checkNumber("variance", "correction", correction);
      const list = dims === undefined ? this.shape.map((_, i) => i) : axes("variance", dims, this.rank);
      const count = list.reduce((n, d) => n * (this.shape[d] as number), 1);
      const centred = this.sub(this.mean(list, true));
      return centred
        .square()
        .sum(list, keepDims)
        .div(Math.max(count - correction, 0));
    });
  }
  /** Square root of {@link variance}. At zero the gradient is zero. */
  std(dims?: Dims, keepDims = false, correction = 1): Tensor {
    return freeOnError(() => exceptAtZero(this.variance(dims, keepDims, correction), (v) => v.sqrt()));
  }

  /**
   * `(sum |x|^p)^(1/p)`, for `p = Infinity` the largest modulus; default p: 2. At zero the gradient is zero.
   *
   * @throws ArgumentError `invalid_argument` unless p > 0.
   */
  norm(p = 2, dims?: Dims, keepDims = false): Tensor {
    return freeOnError(() => {
      if (p === Infinity) return this.abs().max(dims, keepDims);
      checkNumber("norm", "p", p, { positive: true });
      if (p === 1) return this.abs().sum(dims, keepDims);
      if (p === 2) return exceptAtZero(this.square().sum(dims, keepDims), (sum) => sum.sqrt());
      const powers = p < 2 ? exceptAtZero(this.abs(), (x) => x.pow(p)) : this.abs().pow(p);
      return exceptAtZero(powers.sum(dims, keepDims), (sum) => sum.pow(1 / p));
    });
  }

  #position(
    name: string,
    op: (x: Handle, dim: number, keepDims: boolean) => Handle,
    dim: number | undefined,
    keepDims: boolean,
  ): Tensor {
    if (this.size === 0)
      throw new ArgumentError(`${name}: the tensor is empty, expected elements.`, "invalid_argument");
    if (dim === undefined) return new Tensor(op(this.reshape([-1]).handle, 0, false));
    return new Tensor(op(this.handle, axis(name, dim, this.rank), keepDims));
  }
  /** Index of the largest element along an axis, or of all elements in row-major order. */
  argmax(dim?: number, keepDims = false): Tensor {
    return this.#position("argmax", operators.argmax, dim, keepDims);
  }
  /** Index of the smallest element along an axis, or of all elements in row-major order. */
  argmin(dim?: number, keepDims = false): Tensor {
    return this.#position("argmin", operators.argmin, dim, keepDims);
  }

  /**
   * Matrix product over the last two axes, the leading ones broadcast; a vector is a row on the left and a column on
   * the right.
   *
   * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`, `unknown_option`.
   */
  matmul(other: Tensor, options: MatmulOptions = {}): Tensor {
    if (!(other instanceof Tensor))
      throw new ArgumentError(`matmul: the other operand is ${shown(other)}, expected a tensor.`, "invalid_argument");
    if (this.rank === 0 || other.rank === 0)
      throw new ShapeError("matmul: a single number is not a matrix; use mul.", "shape_mismatch");
    checkOptions("matmul", options, ["mixed"]);
    const mixed = checkFlag("matmul", "mixed", options.mixed, false);
    if (this.rank > 1 && other.rank > 1) return new Tensor(operators.matmul(this.handle, other.handle, mixed));
    return freeOnError(() => {
      const left = this.rank === 1 ? this.unsqueeze(0) : this;
      const right = other.rank === 1 ? other.unsqueeze(1) : other;
      const product = new Tensor(operators.matmul(left.handle, right.handle, mixed));
      const rows = this.rank === 1 ? product.squeeze(-2) : product;
      return other.rank === 1 ? rows.squeeze(-1) : rows;
    });
  }

  /** The same elements in another shape; one size may be -1. */
  reshape(shape: readonly number[]): Tensor {
    return new Tensor(operators.reshape(this.handle, shape));
  }
  /** Axes `start` to `end` (inclusive) as one. Default: all. */
  flatten(start = 0, end = -1): Tensor {
    if (this.rank === 0) return this.reshape([1]);
    const [a, b] = [axis("flatten", start, this.rank), axis("flatten", end, this.rank)];
    if (a > b) throw new ArgumentError(`flatten: axis ${start} comes after axis ${end}.`, "invalid_axis");
    const middle = this.shape.slice(a, b + 1).reduce((n, s) => n * s, 1);
    return this.reshape([...this.shape.slice(0, a), middle, ...this.shape.slice(b + 1)]);
  }
  /**
   * Without the axes of size one, or without the named ones.
   *
   * @throws ShapeError `shape_mismatch` where a named one is larger.
   */
  squeeze(dims?: Dims): Tensor {
    if (dims === undefined) return this.reshape(this.shape.filter((s) => s !== 1));
    const drop = axes("squeeze", dims, this.rank);
    const large = drop.find((d) => this.shape[d] !== 1);
    if (large !== undefined)
      throw new ShapeError(`squeeze: axis ${large} has size ${this.shape[large]}, expected 1.`, "shape_mismatch");
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
    return new Tensor(operators.permute(this.handle, axes("permute", order, this.rank)));
  }
  /** Two axes exchanged. Default: the last two. */
  transpose(a = -2, b = -1): Tensor {
    const order = this.shape.map((_, d) => d);
    const [i, j] = [axis("transpose", a, this.rank), axis("transpose", b, this.rank)];
    [order[i], order[j]] = [j, i];
    return new Tensor(operators.permute(this.handle, order));
  }
  /** Axes of size one repeated and leading axes added; -1 keeps a size. */
  expand(shape: readonly number[]): Tensor {
    const added = checkList("expand", "shape", shape, 64).length - this.rank;
    return new Tensor(
      operators.expand(
        this.handle,
        shape.map((s, d) => (s === -1 ? (this.shape[d - added] ?? -1) : s)),
      ),
    );
  }

  /**
   * `x[start:end:step]` on the leading axes; axes not listed stay whole. Negative positions count from the end. Default
   * step: 1.
   *
   * @throws ArgumentError `invalid_argument` for a step below one.
   */
  slice(starts: readonly number[], ends: readonly (number | undefined)[] = [], steps: readonly number[] = []): Tensor {
    checkList("slice", "starts", starts);
    const most = Math.max(
      starts.length,
      checkList("slice", "ends", ends).length,
      checkList("slice", "steps", steps).length,
    );
    if (most > this.rank)
      throw new ArgumentError(`slice: ${most} positions for a tensor of rank ${this.rank}.`, "invalid_axis");
    const from = this.shape.map((size, d) => position("slice", starts[d], size, 0));
    const to = this.shape.map((size, d) => Math.max(position("slice", ends[d], size, size), from[d] as number));
    return new Tensor(
      operators.slice(
        this.handle,
        from,
        to,
        this.shape.map((_, d) => steps[d] ?? 1),
      ),
    );
  }
  /** Entry `index` of an axis, without that axis. */
  select(dim: number, index: number): Tensor {
    const d = axis("select", dim, this.rank);
    const at = axis("select", index, this.shape[d] as number);
    const starts = this.shape.map((_, k) => (k === d ? at : 0));
    const ends = this.shape.map((s, k) => (k === d ? at + 1 : s));
    return freeOnError(() => this.slice(starts, ends).squeeze(d));
  }
  /** The listed positions of an axis; `index` is a vector of whole numbers. Default axis: 0. */
  indexSelect(index: Tensor, dim = 0): Tensor {
    return new Tensor(operators.indexSelect(this.handle, handleOf(index), axis("indexSelect", dim, this.rank)));
  }
  /** `out[.., i, ..] = x[.., index[.., i, ..], ..]` along an axis; `index` has the rank of x. */
  gather(index: Tensor, dim = 0): Tensor {
    return new Tensor(operators.gather(this.handle, handleOf(index), axis("gather", dim, this.rank)));
  }
  /** x with `source` added at the positions `index` of an axis; the adjoint of {@link gather}. */
  scatterAdd(index: Tensor, source: Tensor, dim = 0): Tensor {
    return new Tensor(
      operators.scatterAdd(this.handle, handleOf(index), handleOf(source), axis("scatterAdd", dim, this.rank)),
    );
  }
  /** Axes reversed. */
  flip(dims: Dims): Tensor {
    return new Tensor(operators.flip(this.handle, axes("flip", dims, this.rank)));
  }
  /** Axes shifted circularly, towards larger indices for positive shifts. */
  roll(shifts: Dims, dims: Dims): Tensor {
    const by = Array.isArray(shifts) ? (shifts as readonly number[]) : [shifts as number];
    const list = axes("roll", dims, this.rank);
    if (by.length !== list.length)
      throw new ArgumentError(`roll: ${by.length} shifts for ${list.length} axes.`, "invalid_argument");
    return new Tensor(operators.roll(this.handle, by, list));
  }
  /**
   * Every axis padded: `widths` holds (before, after) of each axis, the first axis first. Defaults: mode `"constant"`,
   * value 0.
   */
  pad(widths: readonly number[], options: { mode?: PadMode; value?: number } = {}): Tensor {
    checkOptions("pad", options, ["mode", "value"]);
    const mode = checkWord("pad", "mode", options.mode ?? "constant", padModes);
    if (checkList("pad", "widths", widths).length !== 2 * this.rank) {
      throw new ArgumentError(
        `pad: ${widths.length} widths for a tensor of rank ${this.rank}, expected ${2 * this.rank} ` +
          "(before and after each axis).",
        "invalid_argument",
      );
    }
    return new Tensor(operators.pad(this.handle, widths, mode, options.value ?? 0));
  }
  /** All windows of an image as columns: [B, C, H, W] to [B, C kh kw, L], L windows in row-major order. */
  unfold(kernel: number | readonly [number, number], options: UnfoldOptions = {}): Tensor {
    checkOptions("unfold", options, ["stride", "padding", "dilation"]);
    return new Tensor(
      operators.unfold2d(
        this.handle,
        pair("kernel", kernel),
        pair("stride", options.stride ?? 1),
        pair("padding", options.padding ?? 0),
        pair("dilation", options.dilation ?? 1),
      ),
    );
  }
}

/**
 * The handle of a tensor.
 *
 * @throws ArgumentError `invalid_argument` for anything else.
 */
export function handleOf(t: Tensor): Handle {
  if (!(t instanceof Tensor)) throw new ArgumentError(`expected a tensor, got ${shown(t)}.`, "invalid_argument");
  return t.handle;
}

/** The handle of a tensor that may be absent. */
export function optionalHandle(t: Tensor | null | undefined): Handle | undefined {
  return t === null || t === undefined ? undefined : handleOf(t);
}
