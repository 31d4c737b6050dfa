/** The runtime: loading a host, choosing a device, errors and checks. */
export type { Binding, DeviceInfo, DeviceName, DType } from "./binding.js";
export { checkFlag, checkNumber, checkOptions, checkStream, checkWord, nearest, requiredNumber } from "./check.js";
export type { NumberRule } from "./check.js";
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
export { host, preferWasm } from "./host.js";
export type { DecodedImage, Host, ImageChannels, WantedDevice, WasmSource } from "./host.js";
export { devices, init } from "./init.js";
export type { InitOptions } from "./init.js";
export { wasmBinding } from "./web/exports.js";
export type { WasmExports } from "./web/exports.js";
export { binding, bindingIfAny, currentDevice } from "./state.js";
