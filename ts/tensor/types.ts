import type { DeviceName, DType } from "../runtime/index.js";

export type { DeviceName, DType } from "../runtime/index.js";

/** Values read from a tensor: `Float32Array` of a float32 tensor, `Float64Array` of a float64 one. */
export type TypedArray = Float32Array | Float64Array;

/** Numbers nested in arrays of equal length at every level; a single number has rank 0. */
export type NestedArray = number | readonly NestedArray[];

/** Any flat array of numbers that a tensor can be made of. */
export type NumericArray =
  | TypedArray
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/** One axis or several; negative axes count from the last. */
export type Dims = number | readonly number[];

/** Where and how a tensor is made. */
export interface TensorOptions {
  /** Element type. Default: `"float64"` for a `Float64Array`, else `"float32"`. */
  dtype?: DType;
  /** Default: the device of `init()`. */
  device?: DeviceName;
  /** Whether operators on it are recorded on the tape. Default: false. */
  requiresGrad?: boolean;
}
