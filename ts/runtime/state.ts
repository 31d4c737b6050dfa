import type { Binding, DeviceName } from "./binding.js";
import { ArgumentError } from "./errors.js";
import type { GuardedBinding } from "./guard.js";

let current: GuardedBinding | undefined;
let device: DeviceName = "cpu";
let limit = Infinity;

/** A type to which convolutions of networks round their operands. */
export type Precision = "float32" | "bf16" | "f16";
let precision: Precision = "float32";

/**
 * The current binding.
 *
 * @throws ArgumentError `not_initialised` before `init()` has finished; DeviceError `runtime_lost` where it was lost.
 */
export function binding(): Binding {
  if (current === undefined) {
    throw new ArgumentError(
      "the library is not initialised; call `await init()` once before creating a tensor.",
      "not_initialised",
    );
  }
  if (current.lost !== undefined) throw current.lost;
  return current.binding;
}

/** The current binding; `undefined` before `init()` and where it was lost. */
export function bindingIfAny(): Binding | undefined {
  return current?.lost === undefined ? current?.binding : undefined;
}

/** Sets the current binding; only `init` calls it. */
export function setBinding(guarded: GuardedBinding): void {
  current = guarded;
}

/** The default device of new tensors. */
export function currentDevice(): DeviceName {
  return device;
}

/** Sets the default device; only `init` calls it, once the device is ready. */
export function setCurrentDevice(name: DeviceName): void {
  device = name;
}

/** The type to which convolutions of networks round their operands. */
export function currentPrecision(): Precision {
  return precision;
}

/** Sets the type; only `init` calls it, once the binding has taken it. */
export function setCurrentPrecision(chosen: Precision): void {
  precision = chosen;
}

/** The largest number of bytes that one operator may allocate. */
export function memoryLimit(): number {
  return limit;
}

/** Sets the limit here and in a binding; only `init` calls it. */
export function setMemoryLimit(target: Binding, bytes: number): void {
  limit = bytes;
  target.setMemoryLimit?.(bytes);
}
