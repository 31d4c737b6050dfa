import type { Binding, Handle } from "../runtime/index.js";

/** A handle and what frees it: the scope in which its tensor was made, or the registry once the tensor is collected. */
export interface Holder {
  /** 0 once it was freed or given away. */
  handle: Handle | 0;
  readonly binding: Binding;
  /** The innermost scope that will free it. */
  scope: Scope | undefined;
  /** The tensor, where the scope may have to let it live beyond itself. */
  owner?: object;
}

/**
 * What was made since a `tidy` was opened. Some of it may have been freed, kept or handed to another scope since then:
 * only what still names this scope belongs to it.
 */
export type Scope = Holder[];

/** Open scopes, the innermost last. */
const scopes: Scope[] = [];

const registry = new FinalizationRegistry<Holder>(free);

/** The holder of a new handle, freed by the innermost scope or, where none is open, once `owner` is collected. */
export function hold(owner: object, handle: Handle, binding: Binding): Holder {
  const holder: Holder = { handle, binding, scope: undefined };
  if (!adopt(holder, owner)) watch(owner, holder);
  return holder;
}

/** Frees a handle; freeing twice does nothing. */
export function free(holder: Holder): void {
  if (holder.handle === 0) return;
  const { handle, binding } = holder;
  holder.handle = 0;
  binding.dispose(handle);
}

/** Takes a holder out of its scope. The registry would keep a tensor alive whose holder names it. */
export function leave(holder: Holder): void {
  holder.scope = undefined;
  if (holder.owner !== undefined) delete holder.owner;
}

/** Frees a holder's handle once `owner` is collected. */
export function watch(owner: object, holder: Holder): void {
  registry.register(owner, holder, holder);
}

/** Takes a holder out of its scope or the registry. */
export function unwatch(holder: Holder): void {
  // A tensor is in one of them: watching what a scope will free would cost more than making it.
  if (holder.scope === undefined) registry.unregister(holder);
  else leave(holder);
}

/** Gives a holder to the innermost scope; false where none is open. */
export function adopt(holder: Holder, owner: object): boolean {
  const scope = innermostScope();
  if (scope === undefined) return false;
  holder.scope = scope;
  if (tentative.has(scope)) holder.owner = owner;
  scope.push(holder);
  return true;
}

/** The innermost open scope. */
export function innermostScope(): Scope | undefined {
  return scopes[scopes.length - 1];
}

/** Scopes whose tensors live on unless something fails. */
const tentative = new WeakSet<Scope>();

/**
 * Opens a scope that frees nothing unless `freeScope` is called: `releaseScope` gives its tensors to the one outside.
 */
function openTentativeScope(): Scope {
  const scope = openScope();
  tentative.add(scope);
  return scope;
}

/** Gives what still belongs to a tentative scope, which was left, to the scope outside, or to the registry. */
function releaseScope(scope: Scope): void {
  for (const holder of scope) {
    if (holder.scope !== scope || holder.handle === 0) continue;
    const { owner } = holder;
    leave(holder);
    if (owner !== undefined && !adopt(holder, owner)) watch(owner, holder);
  }
}

/** Opens a scope. */
export function openScope(): Scope {
  const scope: Scope = [];
  scopes.push(scope);
  return scope;
}

/** Takes a scope off the stack: what is made from now on belongs to the one outside. */
export function leaveScope(scope: Scope): void {
  scopes.splice(scopes.indexOf(scope), 1);
}

/** Frees what still belongs to a scope, in one call where all of it is of one binding. */
export function freeScope(scope: Scope): void {
  const left = scope.filter((holder) => holder.scope === scope && holder.handle !== 0);
  const binding = left[0]?.binding;
  if (binding?.disposeAll !== undefined && left.every((holder) => holder.binding === binding))
    binding.disposeAll(Uint32Array.from(left, (holder) => holder.handle));
  else for (const holder of left) holder.binding.dispose(holder.handle as Handle);
  for (const holder of left) [holder.handle, holder.scope] = [0, undefined];
}

/** Runs `fn`; where it fails, what it made and did not keep is freed, and otherwise nothing is. */
export function freeOnError<T>(fn: () => T): T {
  return onError(fn, freeScope, releaseScope);
}

/** Runs `fn`, which makes an object that keeps tensors: where it fails, these are freed too, as nobody has it. */
export function freeKeptOnError<T>(fn: () => T): T {
  return onError(fn, freeAll, (scope) => {
    releaseScope(scope);
    // An object around this one may fail later.
    const outer = innermostScope();
    for (const holder of scope) if (holder.scope === undefined) outer?.push(holder);
  });
}

function onError<T>(fn: () => T, failed: (scope: Scope) => void, succeeded: (scope: Scope) => void): T {
  const scope = openTentativeScope();
  let done = false;
  try {
    const result = fn();
    done = true;
    return result;
  } finally {
    leaveScope(scope);
    (done ? succeeded : failed)(scope);
  }
}

/** Frees what belongs to a scope and what was kept within it. */
function freeAll(scope: Scope): void {
  for (const holder of scope) {
    if (holder.scope !== undefined && holder.scope !== scope) continue;
    unwatch(holder);
    free(holder);
  }
}
