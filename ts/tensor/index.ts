/** Tensors, and derivatives of any order. */
export { grad, jvp, memory, noGrad, tidy, vjp } from "./autodiff.js";
export type { GradOptions } from "./autodiff.js";
export { arange, cat, eye, full, linspace, ones, stack, tensor, where, zeros } from "./create.js";
export { ops } from "./ops.generated.js";
export { keep } from "./base.js";
export { fromHandle, Tensor } from "./tensor.js";
export type { PadMode, UnfoldOptions } from "./tensor.js";
export type { DeviceName, Dims, DType, NestedArray, NumericArray, TensorOptions, TypedArray } from "./types.js";
