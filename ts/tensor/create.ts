import { ArgumentError, binding, checkNumber, checkOptions, currentDevice, ShapeError } from "../runtime/index.js";
import { axis } from "./axes.js";
import { operators } from "./operators.generated.js";
import { handleOf, Tensor } from "./tensor.js";
import type { NestedArray, NumericArray, TensorOptions } from "./types.js";

const KEYS = ["dtype", "device", "requiresGrad"];
const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

function checkShape(name: string, shape: readonly number[]): number[] {
  if (!Array.isArray(shape))
    throw new ArgumentError(`${name}: the shape is ${typeof shape}, expected an array of sizes.`, "invalid_argument");
  for (const s of shape) checkNumber(name, "a size of the shape", s, { min: 0, integer: true });
  return [...shape];
}

/** The sizes of nested arrays, and their numbers in order. */
function flatten(data: NestedArray): [shape: number[], values: number[]] {
  const shape: number[] = [];
  for (let inner: NestedArray | undefined = data; Array.isArray(inner); inner = (inner as readonly NestedArray[])[0])
    shape.push(inner.length);
  const values: number[] = [];
  const walk = (v: NestedArray, dim: number): void => {
    if (typeof v === "number" && dim === shape.length) values.push(v);
    else if (Array.isArray(v) && v.length === shape[dim]) for (const inner of v) walk(inner as NestedArray, dim + 1);
    else if (typeof v === "number" || Array.isArray(v))
      throw new ShapeError("tensor: the nested arrays have different lengths.", "ragged_array");
    else
      throw new ArgumentError(
        `tensor: the data holds ${v === null ? "null" : typeof v}, expected numbers.`,
        "invalid_argument",
      );
  };
  walk(data, 0);
  return [shape, values];
}

function upload(values: ArrayLike<number>, shape: number[], options: TensorOptions): Tensor {
  const dtype = options.dtype ?? (values instanceof Float64Array ? "float64" : "float32");
  if (dtype !== "float32" && dtype !== "float64") {
    throw new ArgumentError(
      `tensor: dtype is ${JSON.stringify(dtype)}, expected "float32" or "float64".`,
      "invalid_argument",
    );
  }
  const Array_ = dtype === "float64" ? Float64Array : Float32Array;
  const data = values instanceof Array_ ? values : Array_.from(values);
  const made = new Tensor(binding().fromData(data, shape, options.device ?? currentDevice()));
  return options.requiresGrad ? made.requiresGrad_() : made;
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
  const typed = ArrayBuffer.isView(data);
  if (!typed && typeof data !== "number" && !Array.isArray(data)) {
    throw new ArgumentError(
      `tensor: the data is ${data === null ? "null" : typeof data}, expected a number, nested arrays or a typed array.`,
      "invalid_argument",
    );
  }
  const [found, values] = typed ? [[data.length], data] : flatten(data as NestedArray);
  const shape = options.shape ? checkShape("tensor", options.shape) : found;
  if (size(shape) !== values.length) {
    throw new ShapeError(
      `tensor: ${values.length} values do not fill shape [${shape.join(", ")}], which needs ${size(shape)}.`,
      "shape_mismatch",
    );
  }
  return upload(values, shape, options);
}

/** A tensor of one value everywhere. */
export function full(shape: readonly number[], value: number, options: TensorOptions = {}): Tensor {
  checkOptions("full", options, KEYS);
  const made = new Tensor(
    binding().full(checkShape("full", shape), value, options.dtype ?? "float32", options.device ?? currentDevice()),
  );
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
  const [n, m] = checkShape("eye", [rows, columns]) as [number, number];
  const values = new Float32Array(n * m);
  for (let i = 0; i < Math.min(n, m); i++) values[i * m + i] = 1;
  return upload(values, [n, m], options);
}

/** `start, start + step, ...` below `end`; with one number: 0 up to it. Default step: 1. */
export function arange(start: number, end?: number, step = 1, options: TensorOptions = {}): Tensor {
  const [from, to] = end === undefined ? [0, start] : [start, end];
  checkNumber("arange", "start", from);
  checkNumber("arange", "end", to);
  if (checkNumber("arange", "step", step) === 0) throw new ArgumentError("arange: step is 0.", "invalid_argument");
  const count = Math.max(0, Math.ceil((to - from) / step));
  return upload(
    Float64Array.from({ length: count }, (_, i) => from + i * step),
    [count],
    { dtype: "float32", ...options },
  );
}

/** `count` numbers from `start` to `end`, both included, at equal distances. */
export function linspace(start: number, end: number, count: number, options: TensorOptions = {}): Tensor {
  checkNumber("linspace", "count", count, { min: 0, integer: true });
  const values = Float64Array.from({ length: count }, (_, i) =>
    count === 1 ? start : start + ((end - start) * i) / (count - 1),
  );
  return upload(values, [count], { dtype: "float32", ...options });
}

function list(name: string, tensors: readonly Tensor[]): Tensor {
  const first = tensors[0];
  if (!(first instanceof Tensor))
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
  return cat(
    tensors.map((t) => t.unsqueeze(at)),
    at,
  );
}

/** `a` where the condition is not 0, else `b`; shapes broadcast, either may be a number. */
export function where(condition: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
  const like = a instanceof Tensor ? a : b instanceof Tensor ? b : condition;
  const lift = (v: Tensor | number): Tensor =>
    v instanceof Tensor ? v : full([], v, { dtype: like.dtype, device: like.device });
  const mask = condition.dtype === like.dtype ? condition : condition.to(like.dtype);
  return new Tensor(operators.where(mask.handle, lift(a).handle, lift(b).handle));
}
