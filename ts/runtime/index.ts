/** The runtime: loading the binding, choosing a device, the platform's files and images, errors and checks. */
export type { AdapterKind, Binding, Handle, DeviceInfo, DeviceName, DType } from "./binding.js";
export {
  checkFlag,
  checkFunction,
  checkList,
  checkNumber,
  checkOptions,
  checkOptionsObject,
  checkSize,
  checkStream,
  checkWord,
  LARGEST,
  nearest,
  requiredNumber,
} from "./check.js";
export type { NumberRule } from "./check.js";
export { canonicalDevice, checkDevice } from "./device-name.js";
export { currentPlatform } from "./current-platform.js";
export {
  AdjointError,
  ArgumentError,
  DeviceError,
  DTypeError,
  FormatError,
  ShapeError,
  translateError,
} from "./errors.js";
export type { ErrorClass } from "./errors.js";
export { networkError, statusError } from "./http-errors.js";
export {
  anObject,
  checkInstance,
  checkKind,
  checkObject,
  checkText,
  hasMethods,
  isFunction,
  isPlain,
  type Kind,
} from "./kinds.js";
export { SHOWN, shown } from "./shown.js";
export { devices, init, initWeb } from "./init.js";
export type { InitOptions } from "./init.js";
export type {
  DecodedImage,
  DecodeOptions,
  FolderEntry,
  HeldLock,
  ImageChannels,
  LoadOptions,
  LockHolder,
  Mpi,
  OpenFile,
  Pixels,
  Platform,
  ReaderThread,
  RequestedDevice,
  WasmSource,
} from "./platform.js";
export { binding, bindingIfAny, currentDevice, currentPrecision, memoryLimit } from "./state.js";
export type { Precision } from "./state.js";
export { warnOnce } from "./warn.js";
export { wasmBinding } from "./web/exports.js";
export type { WasmExports } from "./web/exports.js";
