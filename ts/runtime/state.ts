import type { Binding, DeviceName } from "./binding.js";
import { ArgumentError, DeviceError, translateError } from "./errors.js";

let current: Binding | undefined;
/** Why the host in use can no longer be used. */
let lost: DeviceError | undefined;
let device: DeviceName = "cpu";

const asynchronous = new Set<string>(["initDevice", "read"]);

/** What a lost host is still asked for by finalisers and scopes that close: there is nothing left to free. */
const frees = new Set<string>(["dispose", "disposeAll", "rngDispose"]);

/**
 * What {@link guarded} made of each host: asking for a host again that works gives the same one, and its tensors live
 * on.
 */
const wrapped = new WeakMap<Binding, Binding>();
/** Hosts that are lost, with why. */
const dead = new WeakMap<Binding, DeviceError>();

/**
 * Wraps every function of a host so that its errors arrive as this library's classes, and nothing reaches one that is
 * lost.
 */
export function guarded(raw: Binding): Binding {
  const known = wrapped.get(raw);
  if (known !== undefined && !dead.has(known)) return known;
  const result = wrap(raw);
  wrapped.set(raw, result);
  wrapped.set(result, result);
  return result;
}

function wrap(raw: Binding): Binding {
  const source = raw as unknown as Record<string, (...args: unknown[]) => unknown>;
  const names: (keyof Binding)[] = [
    "surface",
    "initDevice",
    "devices",
    "apply",
    "fromData",
    "full",
    "info",
    "readSync",
    "read",
    "setRequiresGrad",
    "toDevice",
    "dispose",
    "grad",
    "setGradEnabled",
    "memory",
    "rngNew",
    "rngFork",
    "rngState",
    "rngFrom",
    "rngDispose",
    "rngDraw",
  ];
  const optional: (keyof Binding)[] = ["disposeAll", "heapBytes"];
  let gone: DeviceError | undefined;
  /** What waits for a device waits no longer than the device lives. */
  const waiting = new Set<(reason: unknown) => void>();
  const lose = (reason: string, cause?: unknown): DeviceError => {
    gone ??= new DeviceError(
      `${reason}: its tensors are gone; call \`await init()\` for a new runtime`,
      "runtime_lost",
      { cause },
    );
    dead.set(result, gone);
    if (current === result) lost = gone;
    for (const reject of waiting) reject(gone);
    return gone;
  };
  const failure = (error: unknown): unknown => {
    if (raw.isFatal?.(error))
      return lose(
        `the WebAssembly module broke off (${error instanceof Error ? error.message : String(error)})`,
        error,
      );
    return gone ?? translateError(error);
  };
  void raw.lost?.then(lose);
  const call = (name: string, inner: (...args: unknown[]) => unknown, args: unknown[]): unknown => {
    if (gone === undefined) return inner.apply(raw, args);
    if (frees.has(name)) return undefined;
    throw gone;
  };
  const result = { ...raw };
  for (const name of [...names, ...optional.filter((other) => source[other] !== undefined)]) {
    const inner = source[name];
    if (typeof inner !== "function")
      throw new ArgumentError(`the binding lacks the function ${name}: rebuild it with npm run build`, "bad_binding");
    const guard = asynchronous.has(name)
      ? async (...args: unknown[]) => {
          try {
            const answer = call(name, inner, args);
            return await new Promise((resolve, reject) => {
              waiting.add(reject);
              Promise.resolve(answer)
                .then(resolve, reject)
                .finally(() => waiting.delete(reject));
            });
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
    Object.assign(result, { [name]: guard });
  }
  const one = raw.applyOne;
  if (one) {
    // Written out: an array of arguments would cost as much as the crossing saves.
    result.applyOne = (op, a, b, value) => {
      if (gone !== undefined) throw gone;
      try {
        return one.call(raw, op, a, b, value);
      } catch (error) {
        throw failure(error);
      }
    };
  }
  return result;
}

/**
 * The host in use; throws an ArgumentError `not_initialised` before `init()` has finished, and a DeviceError
 * `runtime_lost` where it broke off.
 */
export function binding(): Binding {
  if (current === undefined) {
    throw new ArgumentError(
      "the library is not initialised: call `await init()` once before any tensor is made",
      "not_initialised",
    );
  }
  if (lost !== undefined) throw lost;
  return current;
}

/** The host in use, or nothing before `init()` or where it was lost. */
export function bindingIfAny(): Binding | undefined {
  return lost === undefined ? current : undefined;
}

/** Installs a host; only `init` calls it. */
export function setBinding(raw: Binding): Binding {
  current = guarded(raw);
  lost = dead.get(current);
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
