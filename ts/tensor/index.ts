/** Tensors, and derivatives of any order. */
export { grad, gradOrNone, jvp, memory, noGrad, vjp, watchGrad } from "./autodiff.js";
export type { GradOptions } from "./autodiff.js";
export { axis } from "./axes.js";
export { BackwardPass } from "./backward-pass.js";
export { checkpoint } from "./checkpoint.js";
export { checkTensor } from "./check-tensor.js";
export { arange, cat, eye, full, linspace, ones, stack, tensor, where, zeros } from "./create.js";
export { interpolations, operators, outsides, padModes } from "./operators.generated.js";
export type { Interpolation, Outside, PadMode } from "./operators.generated.js";
export { traceOperators } from "./trace.js";
export type { OperatorArguments, OperatorCall, OperatorName } from "./trace.js";
export { freeKeptOnError, freeOnError } from "./handle.js";
export { fromHostValues, hostValues } from "./host-values.js";
export { inTurn } from "./in-turn.js";
export { keep, tidy, tidyAcross, unkeep } from "./scope.js";
export { exceptAtZero, handleOf, optionalHandle, Tensor } from "./tensor.js";
export type { MatmulOptions, UnfoldOptions } from "./tensor.js";
export type { DeviceName, Dims, DType, NestedArray, NumericArray, TensorOptions, TypedArray } from "./types.js";
