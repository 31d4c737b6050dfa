import {
  ArgumentError,
  binding,
  checkFlag,
  checkList,
  checkNumber,
  checkOptions,
  checkWord,
  currentDevice,
  DeviceError,
  memoryLimit,
  ShapeError,
  shown,
} from "../runtime/index.js";
import { axis } from "./axes.js";
import { operators } from "./operators.generated.js";
import { freeOnError } from "./handle.js";
import { handleOf, Tensor } from "./tensor.js";
import type { DeviceName, DType, NestedArray, NumericArray, TensorOptions } from "./types.js";

const KEYS = ["dtype", "device", "requiresGrad"];
const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** The core's largest number of axes. */
const MAX_RANK = 32;

function checkShape(name: string, shape: readonly number[]): number[] {
  const rank = checkList(name, "shape", shape).length;
  if (rank > MAX_RANK)
    throw new ArgumentError(`${name}: the shape has ${rank} axes, expected at most ${MAX_RANK}.`, "invalid_argument");
  for (const s of shape) checkNumber(name, "a size of the shape", s, SIZE);
  return [...shape];
}

const SIZE = { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true } as const;

/** Where and how a tensor is made, after checks. */
function placeOf(name: string, options: TensorOptions, otherwise: DType): { dtype: DType; device: DeviceName } {
  const { dtype = otherwise, device = currentDevice() } = options;
  checkFlag(name, "requiresGrad", options.requiresGrad, false);
  if (typeof device !== "string")
    throw new ArgumentError(`${name}: device is ${shown(device)}, expected a name.`, "invalid_argument");
  return { dtype: checkWord(name, "dtype", dtype, ["float32", "float64"]), device };
}

/**
 * Numbers that JavaScript computes, `of(i)` for `i < count`, before they are uploaded.
 *
 * @throws ArgumentError, DeviceError `out_of_memory`.
 */
function computed(name: string, count: number, of: (i: number) => number): Float64Array {
  const bytes = count * Float64Array.BYTES_PER_ELEMENT;
  const needs = `${name}: this needs ${bytes} bytes of memory`;
  if (bytes > memoryLimit()) {
    throw new ArgumentError(
      `${needs}, more than the ${memoryLimit()} that one operator may use; make it smaller, or raise the option ` +
        "memoryLimit of init.",
      "out_of_memory",
    );
  }
  let values: Float64Array;
  try {
    values = new Float64Array(count);
  } catch (cause) {
    throw new DeviceError(`${needs}, more than there is; make it smaller.`, "out_of_memory", { cause });
  }
  for (let i = 0; i < count; i++) values[i] = of(i);
  return values;
}

/** The sizes of nested arrays, and their numbers in order. */
function flatten(data: NestedArray): [shape: number[], values: number[]] {
  const shape: number[] = [];
  for (let inner: NestedArray | undefined = data; Array.isArray(inner); inner = (inner as readonly NestedArray[])[0]) {
    shape.push(inner.length);
    if (shape.length > MAX_RANK)
      throw new ArgumentError(`tensor: the arrays are nested more than ${MAX_RANK} times.`, "invalid_argument");
  }
  const values: number[] = [];
  const walk = (v: NestedArray, dim: number): void => {
    if (typeof v === "number" && dim === shape.length) values.push(v);
    else if (Array.isArray(v) && v.length === shape[dim]) for (const inner of v) walk(inner as NestedArray, dim + 1);
    else if (typeof v === "number" || Array.isArray(v))
      throw new ShapeError("tensor: the nested arrays have different lengths.", "ragged_array");
    else throw new ArgumentError(`tensor: the data holds ${shown(v)}, expected numbers.`, "invalid_argument");
  };
  walk(data, 0);
  return [shape, values];
}

function upload(name: string, values: ArrayLike<number>, shape: number[], options: TensorOptions): Tensor {
  const { dtype, device } = placeOf(name, options, values instanceof Float64Array ? "float64" : "float32");
  const Array_ = dtype === "float64" ? Float64Array : Float32Array;
  const data = values instanceof Array_ ? values : Array_.from(values);
  const made = new Tensor(binding().fromData(data, shape, device));
  return options.requiresGrad ? made.requiresGrad_() : made;
}

/** Whether a buffer was transferred; its own property `detached` is missing in Node 20. */
function isDetached(buffer: ArrayBufferLike): boolean {
  try {
    return new Uint8Array(buffer).byteLength !== buffer.byteLength;
  } catch {
    return true;
  }
}

/**
 * A tensor of given values: a number, nested arrays, or a flat typed array with `shape` (default: its length).
 *
 * @throws ShapeError `shape_mismatch` where the shape does not hold as many values; `ragged_array` where nested arrays
 * differ in length.
 */
export function tensor(
  data: NestedArray | NumericArray,
  options: TensorOptions & { shape?: readonly number[] } = {},
): Tensor {
  checkOptions("tensor", options, [...KEYS, "shape"]);
  const typed = ArrayBuffer.isView(data) && !(data instanceof DataView) && typeof data[0] !== "bigint";
  if (!typed && typeof data !== "number" && !Array.isArray(data)) {
    throw new ArgumentError(
      `tensor: the data is ${shown(data)}, expected a number, nested arrays or a typed array of numbers.`,
      "invalid_argument",
    );
  }
  if (typed && isDetached(data.buffer))
    throw new ArgumentError(
      "tensor: the memory of the data was transferred elsewhere; copy it before.",
      "invalid_argument",
    );
  const [found, values] = typed ? [[data.length], data] : flatten(data as NestedArray);
  const shape = options.shape === undefined ? found : checkShape("tensor", options.shape);
  if (size(shape) !== values.length) {
    throw new ShapeError(
      `tensor: ${values.length} values do not fill shape [${shape.join(", ")}], which needs ${size(shape)}.`,
      "shape_mismatch",
    );
  }
  return upload("tensor", values, shape, options);
}

/** A tensor of one value everywhere. */
export function full(shape: readonly number[], value: number, options: TensorOptions = {}): Tensor {
  checkOptions("full", options, KEYS);
  if (typeof value !== "number")
    throw new ArgumentError(`full: the value is ${shown(value)}, expected a number.`, "invalid_argument");
  const { dtype, device } = placeOf("full", options, "float32");
  const made = new Tensor(binding().full(checkShape("full", shape), value, dtype, device));
  return options.requiresGrad ? made.requiresGrad_() : made;
}

/** Zeros. */
export function zeros(shape: readonly number[], options: TensorOptions = {}): Tensor {
  return full(shape, 0, options);
}

/** Ones. */
export function ones(shape: readonly number[], options: TensorOptions = {}): Tensor {
  return full(shape, 1, options);
}

/** The identity matrix of `rows` rows and `columns` columns (default: as many). */
export function eye(rows: number, columns: number = rows, options: TensorOptions = {}): Tensor {
  checkOptions("eye", options, KEYS);
  const [n, m] = checkShape("eye", [rows, columns]) as [number, number];
  const values = computed("eye", n * m, () => 0);
  for (let i = 0; i < Math.min(n, m); i++) values[i * m + i] = 1;
  return upload("eye", values, [n, m], { ...options, dtype: options.dtype ?? "float32" });
}

/** `start, start + step, ...` below `end`; with one number: 0 up to it. Default step: 1. */
export function arange(start: number, end?: number, step = 1, options: TensorOptions = {}): Tensor {
  checkOptions("arange", options, KEYS);
  const [from, to] = end === undefined ? [0, start] : [start, end];
  checkNumber("arange", "start", from);
  checkNumber("arange", "end", to);
  if (checkNumber("arange", "step", step) === 0) throw new ArgumentError("arange: step is 0.", "invalid_argument");
  const count = Math.max(0, Math.ceil((to - from) / step));
  const values = computed("arange", count, (i) => from + i * step);
  return upload("arange", values, [count], { ...options, dtype: options.dtype ?? "float32" });
}

/** `count` numbers from `start` to `end`, both included, at equal distances. */
export function linspace(start: number, end: number, count: number, options: TensorOptions = {}): Tensor {
  checkOptions("linspace", options, KEYS);
  checkNumber("linspace", "start", start);
  checkNumber("linspace", "end", end);
  checkNumber("linspace", "count", count, SIZE);
  const values = computed("linspace", count, (i) => (i === 0 ? start : start + ((end - start) * i) / (count - 1)));
  // The sum may be one bit beside it.
  if (count > 1) values[count - 1] = end;
  return upload("linspace", values, [count], { ...options, dtype: options.dtype ?? "float32" });
}

function list(name: string, tensors: readonly Tensor[]): Tensor {
  const first = Array.isArray(tensors) ? tensors[0] : undefined;
  if (first === undefined || !tensors.every((t) => t instanceof Tensor))
    throw new ArgumentError(`${name}: needs a list of at least one tensor.`, "invalid_argument");
  return first;
}

/** Tensors joined along an axis that exists. Default axis: 0. */
export function cat(tensors: readonly Tensor[], dim = 0): Tensor {
  return new Tensor(operators.cat(axis("cat", dim, list("cat", tensors).rank), tensors.map(handleOf)));
}

/** Tensors of one shape joined along a new axis. Default axis: 0. */
export function stack(tensors: readonly Tensor[], dim = 0): Tensor {
  const first = list("stack", tensors);
  const at = axis("stack", dim, first.rank + 1);
  const odd = tensors.find((t) => t.shape.join() !== first.shape.join());
  if (odd)
    throw new ShapeError(
      `stack: shapes [${first.shape.join(", ")}] and [${odd.shape.join(", ")}] differ.`,
      "shape_mismatch",
    );
  return freeOnError(() =>
    cat(
      tensors.map((t) => t.unsqueeze(at)),
      at,
    ),
  );
}

/** `a` where the condition is not 0, else `b`; shapes broadcast, either may be a number. */
export function where(condition: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
  handleOf(condition);
  const like = a instanceof Tensor ? a : b instanceof Tensor ? b : condition;
  const lift = (v: Tensor | number): Tensor =>
    v instanceof Tensor ? v : full([], v, { dtype: like.dtype, device: like.device });
  return freeOnError(() => {
    // In another element type a small number may be 0.
    const mask = condition.dtype === like.dtype ? condition : condition.ne(0).to(like.dtype);
    return new Tensor(operators.where(mask.handle, lift(a).handle, lift(b).handle));
  });
}
