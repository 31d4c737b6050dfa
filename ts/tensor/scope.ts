import { ArgumentError, type Binding } from "../runtime/index.js";
import type { Tensor } from "./tensor.js";

/** What a scope frees: a handle of a host, 0 where it is free already, and the innermost scope that will free it. */
export interface Owned {
  handle: number;
  readonly host: Binding;
  scope: Scope | undefined;
}

/**
 * What was made since a `tidy` was opened. Something may have been freed, kept or handed to another scope since:
 * `scope` tells.
 */
type Scope = Owned[];

/** Open scopes, the innermost last. */
const scopes: Scope[] = [];

/** Gives something new to the innermost scope; false where none is open. */
export function adopt(owned: Owned): boolean {
  const scope = scopes[scopes.length - 1];
  if (scope === undefined) return false;
  owned.scope = scope;
  scope.push(owned);
  return true;
}

/** Frees what still belongs to a scope, in one crossing where all of it is of one host. */
function close(scope: Scope): void {
  const left = scope.filter((owned) => owned.scope === scope && owned.handle !== 0);
  const host = left[0]?.host;
  if (host?.disposeAll !== undefined && left.every((owned) => owned.host === host))
    host.disposeAll(Uint32Array.from(left, (owned) => owned.handle));
  else for (const owned of left) owned.host.dispose(owned.handle);
  for (const owned of left) [owned.handle, owned.scope] = [0, undefined];
}

/** Collects every tensor within a value: arrays, maps, sets and the fields of objects, to any depth. */
function collect(value: unknown, found: Set<unknown>, tensors: Tensor[], isTensor: (v: unknown) => v is Tensor): void {
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value) || found.has(value)) return;
  found.add(value);
  if (isTensor(value)) tensors.push(value);
  else if (value instanceof Map || value instanceof Set)
    for (const inner of value.values()) collect(inner, found, tensors, isTensor);
  else for (const inner of Object.values(value)) collect(inner, found, tensors, isTensor);
}

/** Runs `fn` and refuses what goes on after it has returned: the scope would be closed by then. */
export function synchronous<T>(name: string, fn: () => T): T {
  const result = fn();
  if (result instanceof Promise) {
    result.catch(() => undefined);
    throw new ArgumentError(
      `${name}: the function is asynchronous; give a synchronous one and await outside`,
      "asynchronous_scope",
    );
  }
  return result;
}

/**
 * {@link tidy}, told how to recognise a tensor, what a scope knows of it, and how it leaves all scopes (the class is
 * defined later).
 */
export function runScope<T>(
  fn: () => T,
  isTensor: (v: unknown) => v is Tensor,
  owned: (t: Tensor) => Owned,
  keep: (t: Tensor) => void,
): T {
  const scope: Scope = [];
  scopes.push(scope);
  const survivors: Tensor[] = [];
  try {
    const result = synchronous("tidy", fn);
    collect(result, new Set(), survivors, isTensor);
    return result;
  } finally {
    scopes.splice(scopes.indexOf(scope), 1);
    for (const t of survivors) {
      if (owned(t).scope === scope && !adopt(owned(t))) keep(t);
    }
    close(scope);
  }
}
