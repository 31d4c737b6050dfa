import { ArgumentError } from "../runtime/index.js";
import type { Tensor } from "./tensor.js";

/** Tensors made since each open `tidy`, the innermost last. */
const scopes: Set<Tensor>[] = [];

/** Notes a new tensor in the innermost scope. */
export function track(t: Tensor): void {
  scopes[scopes.length - 1]?.add(t);
}

/** Collects every tensor within a value: arrays, maps, sets and the fields of objects, to any depth. */
function collect(value: unknown, found: Set<unknown>, isTensor: (v: unknown) => v is Tensor): void {
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value) || found.has(value)) return;
  found.add(value);
  if (isTensor(value)) return;
  if (value instanceof Map || value instanceof Set) for (const inner of value.values()) collect(inner, found, isTensor);
  else for (const inner of Object.values(value)) collect(inner, found, isTensor);
}

/** Runs `fn` and refuses what goes on after it has returned: the scope would be closed by then. */
export function synchronous<T>(name: string, fn: () => T): T {
  const result = fn();
  if (result instanceof Promise) {
    result.catch(() => undefined);
    throw new ArgumentError(`${name}: the function is asynchronous; give a synchronous one and await outside`, "asynchronous_scope");
  }
  return result;
}

/** {@link tidy}, told how to recognise a tensor (the class is defined later). */
export function runScope<T>(fn: () => T, isTensor: (v: unknown) => v is Tensor): T {
  const scope = new Set<Tensor>();
  scopes.push(scope);
  const survivors = new Set<unknown>();
  try {
    const result = synchronous("tidy", fn);
    collect(result, survivors, isTensor);
    return result;
  } finally {
    scopes.splice(scopes.indexOf(scope), 1);
    const outer = scopes[scopes.length - 1];
    for (const t of scope) {
      if (survivors.has(t)) outer?.add(t);
      else t.dispose();
    }
  }
}

/**
 * Takes a tensor out of every open `tidy`, so that it lives until its `dispose()`.
 * @returns the tensor itself.
 */
export function keep<T extends Tensor>(t: T): T {
  for (const scope of scopes) scope.delete(t);
  return t;
}
