import type { Binding } from "./binding.js";
import { ArgumentError, DeviceError, translateError } from "./errors.js";

/** A binding whose errors arrive as this library's classes, and which refuses calls once it is lost. */
export interface GuardedBinding {
  readonly binding: Binding;
  /** Why the binding can no longer be used; `undefined` while it works. */
  readonly lost: DeviceError | undefined;
}

type Guarded = Exclude<keyof Binding, "applyOne" | "isFatal" | "lost" | "lacks">;

/**
 * How each function of a binding is called. A `free` function does nothing once the binding is lost: finalisers and
 * closing scopes still call it, and its memory is gone.
 */
const calls: Readonly<Record<Guarded, "sync" | "async" | "free">> = {
  surfaceDigest: "sync",
  initDevice: "async",
  devices: "sync",
  apply: "sync",
  fromData: "sync",
  full: "sync",
  info: "sync",
  readSync: "sync",
  read: "async",
  setRequiresGrad: "sync",
  toDevice: "sync",
  dispose: "free",
  disposeAll: "free",
  grad: "sync",
  gradBegin: "sync",
  gradOrder: "sync",
  gradNext: "sync",
  gradEnd: "free",
  beginCheckpoint: "sync",
  endCheckpoint: "sync",
  setGradEnabled: "sync",
  memory: "sync",
  setMemoryLimit: "sync",
  setThreads: "async",
  rngNew: "sync",
  rngFork: "sync",
  rngState: "sync",
  rngFrom: "sync",
  rngDispose: "free",
  rngDraw: "sync",
  setTf32: "sync",
  setPrecision: "sync",
  setRandomOnDevice: "sync",
  launches: "sync",
  kernels: "sync",
  uploads: "sync",
  heapBytes: "sync",
};
const optional: ReadonlySet<string> = new Set<Guarded>([
  "disposeAll",
  "heapBytes",
  "kernels",
  "launches",
  "setMemoryLimit",
  "setPrecision",
  "setRandomOnDevice",
  "setTf32",
  "setThreads",
  "uploads",
]);

class Guard implements GuardedBinding {
  readonly binding: Binding;
  readonly #raw: Binding;
  /** Rejects the promises that wait for the binding. */
  readonly #pending = new Set<(reason: DeviceError) => void>();
  #lost: DeviceError | undefined;

  constructor(raw: Binding) {
    if (typeof raw !== "object" || raw === null)
      throw new ArgumentError("init: the binding is no object; leave it out for the platform's own.", "bad_binding");
    this.#raw = raw;
    const binding = { ...raw };
    for (const [name, kind] of Object.entries(calls)) {
      const inner: unknown = raw[name as Guarded];
      if (inner === undefined && optional.has(name)) continue;
      if (typeof inner !== "function") {
        throw new ArgumentError(
          `init: the binding lacks the function ${name}: it is of another build; install the package again, or in a ` +
            "clone run npm run build.",
          "bad_binding",
        );
      }
      Object.assign(binding, { [name]: this.#wrap(inner, kind) });
    }
    const applyOne = raw.applyOne;
    if (applyOne) {
      // With named parameters: an array of arguments would cost as much as `applyOne` saves.
      binding.applyOne = (op, a, b, value) => {
        if (this.#lost !== undefined) throw this.#lost;
        try {
          return applyOne.call(raw, op, a, b, value);
        } catch (error) {
          throw this.#failure(error);
        }
      };
    }
    this.binding = binding;
    void raw.lost?.then((reason) => this.#lose(reason));
  }

  get lost(): DeviceError | undefined {
    return this.#lost;
  }

  #wrap(inner: Function, kind: "sync" | "async" | "free"): (...args: unknown[]) => unknown {
    const call = (args: unknown[]): unknown => {
      if (this.#lost === undefined) return Reflect.apply(inner, this.#raw, args);
      if (kind === "free") return undefined;
      throw this.#lost;
    };
    if (kind === "async") {
      return async (...args) => {
        try {
          return await this.#unlessLost(call(args));
        } catch (error) {
          throw this.#failure(error);
        }
      };
    }
    return (...args) => {
      try {
        return call(args);
      } catch (error) {
        throw this.#failure(error);
      }
    };
  }

  /** The result of a promise; rejects as soon as the binding is lost, since the promise may then never settle. */
  async #unlessLost(result: unknown): Promise<unknown> {
    return await new Promise((resolve, reject) => {
      this.#pending.add(reject);
      Promise.resolve(result)
        .then(resolve, reject)
        .finally(() => this.#pending.delete(reject));
    });
  }

  #lose(reason: string, cause?: unknown): DeviceError {
    this.#lost ??= new DeviceError(
      `${reason}: its tensors are lost; call \`await init()\` to start a new runtime.`,
      "runtime_lost",
      { cause },
    );
    for (const reject of this.#pending) reject(this.#lost);
    return this.#lost;
  }

  #failure(error: unknown): unknown {
    if (this.#raw.isFatal?.(error)) {
      const text = error instanceof Error ? error.message : String(error);
      return this.#lose(`the WebAssembly module stopped (${text})`, error);
    }
    return this.#lost ?? translateError(error);
  }
}

/** Guards by raw and by guarded binding: a binding that works is guarded once, so that its tensors stay valid. */
const guards = new WeakMap<Binding, GuardedBinding>();

/**
 * Guards every function of a binding.
 *
 * @throws ArgumentError `bad_binding` where it lacks a function.
 */
export function guardBinding(raw: Binding): GuardedBinding {
  const known = guards.get(raw);
  if (known !== undefined && known.lost === undefined) return known;
  const guard = new Guard(raw);
  guards.set(raw, guard);
  guards.set(guard.binding, guard);
  return guard;
}
