/** Training of networks that reconstruct images from measurements, with or without ground truth. */
export * as data from "./data/index.js";
export * as denoise from "./denoise/index.js";
export * as distributed from "./distributed/index.js";
export * as io from "./io/index.js";
export * as loss from "./loss/index.js";
export * as metric from "./metric/index.js";
export * as nn from "./nn/index.js";
export * as optim from "./optim/index.js";
export * as physics from "./physics/index.js";
export * as train from "./train/index.js";
export * as transform from "./transform/index.js";
export { Rng } from "./random/index.js";
export type { Like, RandomSource } from "./random/index.js";
export {
  AdjointError,
  ArgumentError,
  DeviceError,
  devices,
  DTypeError,
  FormatError,
  init,
  ShapeError,
} from "./runtime/index.js";
export type { AdapterKind, DeviceInfo, InitOptions } from "./runtime/index.js";
export {
  arange,
  cat,
  eye,
  full,
  grad,
  jvp,
  keep,
  linspace,
  memory,
  noGrad,
  ones,
  stack,
  Tensor,
  tensor,
  tidy,
  vjp,
  where,
  zeros,
} from "./tensor/index.js";
export type {
  DeviceName,
  Dims,
  DType,
  GradOptions,
  MatmulOptions,
  NestedArray,
  NumericArray,
  PadMode,
  TensorOptions,
  TypedArray,
  UnfoldOptions,
} from "./tensor/index.js";
