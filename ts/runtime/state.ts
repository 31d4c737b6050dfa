import type { Binding, DeviceName } from "./binding.js";
import { ArgumentError, translateError } from "./errors.js";

let current: Binding | undefined;
let device: DeviceName = "cpu";

const asynchronous = new Set<string>(["initDevice", "read"]);

/** Wraps every function of a binding so that its errors arrive as this library's classes. */
function guarded(raw: Binding): Binding {
  const source = raw as unknown as Record<string, (...args: unknown[]) => unknown>;
  const names: (keyof Binding)[] = [
    "surface", "initDevice", "devices", "apply", "fromData", "full", "info", "readSync", "read", "setRequiresGrad", "toDevice",
    "dispose", "grad", "setGradEnabled", "memory", "rngNew", "rngFork", "rngState", "rngFrom", "rngDispose", "rngDraw",
  ];
  const result: Record<string, unknown> = {};
  for (const name of names) {
    const inner = source[name];
    if (typeof inner !== "function") throw new ArgumentError(`the binding lacks the function ${name}: rebuild it with npm run build`, "bad_binding");
    result[name] = asynchronous.has(name)
      ? async (...args: unknown[]) => {
          try {
            return await inner.apply(raw, args);
          } catch (error) {
            throw translateError(error);
          }
        }
      : (...args: unknown[]) => {
          try {
            return inner.apply(raw, args);
          } catch (error) {
            throw translateError(error);
          }
        };
  }
  return result as unknown as Binding;
}

/** The host in use; throws an ArgumentError `not_initialised` before `init()` has finished. */
export function binding(): Binding {
  if (current === undefined) {
    throw new ArgumentError("the library is not initialised: call `await init()` once before any tensor is made", "not_initialised");
  }
  return current;
}

/** The host in use, or nothing before `init()`. */
export function bindingIfAny(): Binding | undefined {
  return current;
}

/** Installs a host; only `init` calls it. */
export function setBinding(raw: Binding): Binding {
  current = guarded(raw);
  return current;
}

/** The device on which new tensors are made unless their options say otherwise. */
export function currentDevice(): DeviceName {
  return device;
}

/** Sets the default device; only `init` calls it, once the device is ready. */
export function setCurrentDevice(name: DeviceName): void {
  device = name;
}
