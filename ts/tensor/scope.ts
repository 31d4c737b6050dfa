import { ArgumentError, checkFunction } from "../runtime/index.js";
import { adopt, freeScope, innermostScope, leave, leaveScope, openScope, unwatch, watch } from "./handle.js";
import { Tensor } from "./tensor.js";

/** Every tensor within a value: arrays, maps, sets and the fields of objects, to any depth. */
function collect(root: unknown): Tensor[] {
  const tensors: Tensor[] = [];
  const found = new Set<unknown>();
  const left: unknown[] = [root];
  while (left.length > 0) {
    const value = left.pop();
    if (value === null || typeof value !== "object" || ArrayBuffer.isView(value) || found.has(value)) continue;
    found.add(value);
    if (value instanceof Tensor) tensors.push(value);
    else if (value instanceof Map || value instanceof Set) for (const inner of value.values()) left.push(inner);
    else for (const inner of Object.values(value)) left.push(inner);
  }
  return tensors;
}

/** Runs `fn` and refuses one that continues after it has returned: its scope is closed by then. */
export function synchronous<T>(name: string, fn: () => T): T {
  const result = fn();
  if (result instanceof Promise) {
    result.catch(() => undefined);
    throw new ArgumentError(
      `${name}: the function is asynchronous, expected a synchronous one; await outside.`,
      "asynchronous_scope",
    );
  }
  return result;
}

/**
 * Takes a tensor out of every open `tidy`, so that it lives until its `dispose()`.
 *
 * @returns the tensor itself.
 */
export function keep<T extends Tensor>(t: T): T {
  const holder = Tensor.holder(t);
  if (holder.scope === undefined) return t;
  leave(holder);
  watch(t, holder);
  return t;
}

/** Runs `fn` and gives those of `tensors()` that it made and kept back to the innermost open `tidy`. */
export function unkeep<T>(fn: () => T, tensors: () => Iterable<Tensor>): T {
  const scope = innermostScope();
  if (scope === undefined) return fn();
  const start = scope.length;
  const result = fn();
  const made = new Set(scope.slice(start));
  for (const t of tensors()) {
    const holder = Tensor.holder(t);
    if (!made.has(holder) || holder.scope !== undefined || holder.handle === 0) continue;
    unwatch(holder);
    adopt(holder, t);
  }
  return result;
}

/**
 * Runs `fn` and disposes every tensor made meanwhile, except those in its result and those kept.
 *
 * @throws ArgumentError `asynchronous_scope` for an asynchronous function.
 */
export function tidy<T>(fn: () => T): T {
  checkFunction("tidy", "fn", fn);
  const scope = openScope();
  let survivors: Tensor[] = [];
  try {
    const result = synchronous("tidy", fn);
    survivors = collect(result);
    return result;
  } finally {
    leaveScope(scope);
    for (const t of survivors) {
      const holder = Tensor.holder(t);
      if (holder.scope === scope && !adopt(holder, t)) keep(t);
    }
    freeScope(scope);
  }
}

/**
 * As {@link tidy}, for work that goes on after an `await`: the tensors that `fn` made and that are in its result live
 * until `free` is called.
 */
export function tidyAcross<T>(fn: () => T): { readonly result: T; readonly free: () => void } {
  let made: Tensor[] = [];
  const result = tidy(() => {
    const scope = innermostScope();
    const given = synchronous("tidyAcross", fn);
    made = collect(given).filter((t) => Tensor.holder(t).scope === scope);
    return given;
  });
  return { result, free: () => made.forEach((t) => t.dispose()) };
}
