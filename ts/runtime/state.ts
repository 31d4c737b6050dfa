import type { Binding, DeviceName } from "./binding.js";
import { ArgumentError, DeviceError, translateError } from "./errors.js";

let current: Binding | undefined;
/** Why the host in use can no longer be used. */
let lost: DeviceError | undefined;
let device: DeviceName = "cpu";

const asynchronous = new Set<string>(["initDevice", "read"]);

/** What a lost host is still asked for by finalisers and scopes that close: there is nothing left to free. */
const frees = new Set<string>(["dispose", "rngDispose"]);

/** Wraps every function of a binding so that its errors arrive as this library's classes, and nothing reaches a host that is lost. */
function guarded(raw: Binding): Binding {
  const source = raw as unknown as Record<string, (...args: unknown[]) => unknown>;
  const names: (keyof Binding)[] = [
    "surface", "initDevice", "devices", "apply", "fromData", "full", "info", "readSync", "read", "setRequiresGrad", "toDevice",
    "dispose", "grad", "setGradEnabled", "memory", "rngNew", "rngFork", "rngState", "rngFrom", "rngDispose", "rngDraw",
  ];
  const optional: (keyof Binding)[] = ["heapBytes"];
  let dead: DeviceError | undefined;
  const failure = (error: unknown): unknown => {
    if (raw.isFatal?.(error)) {
      dead = lostHost(error);
      if (current === result) lost = dead;
      return dead;
    }
    return translateError(error);
  };
  const call = (name: string, inner: (...args: unknown[]) => unknown, args: unknown[]): unknown => {
    if (dead === undefined) return inner.apply(raw, args);
    if (frees.has(name)) return undefined;
    throw dead;
  };
  const result = { ...raw };
  for (const name of [...names, ...optional.filter((other) => source[other] !== undefined)]) {
    const inner = source[name];
    if (typeof inner !== "function") throw new ArgumentError(`the binding lacks the function ${name}: rebuild it with npm run build`, "bad_binding");
    const wrapped = asynchronous.has(name)
      ? async (...args: unknown[]) => {
          try {
            return await call(name, inner, args);
          } catch (error) {
            throw failure(error);
          }
        }
      : (...args: unknown[]) => {
          try {
            return call(name, inner, args);
          } catch (error) {
            throw failure(error);
          }
        };
    Object.assign(result, { [name]: wrapped });
  }
  const one = raw.applyOne;
  if (one) {
    // Written out: an array of arguments would cost as much as the crossing saves.
    result.applyOne = (op, a, b, value) => {
      if (dead !== undefined) throw dead;
      try {
        return one.call(raw, op, a, b, value);
      } catch (error) {
        throw failure(error);
      }
    };
  }
  return result;
}

function lostHost(cause: unknown): DeviceError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new DeviceError(`the WebAssembly module broke off (${text}): its tensors are gone; call \`await init()\` for a new runtime`, "runtime_lost", { cause });
}

/**
 * The host in use; throws an ArgumentError `not_initialised` before `init()` has finished, and a DeviceError `runtime_lost` where it broke off.
 */
export function binding(): Binding {
  if (lost !== undefined) throw lost;
  if (current === undefined) {
    throw new ArgumentError("the library is not initialised: call `await init()` once before any tensor is made", "not_initialised");
  }
  return current;
}

/** The host in use, or nothing before `init()` or where it was lost. */
export function bindingIfAny(): Binding | undefined {
  return lost === undefined ? current : undefined;
}

/** Installs a host; only `init` calls it. */
export function setBinding(raw: Binding): Binding {
  current = guarded(raw);
  lost = undefined;
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
