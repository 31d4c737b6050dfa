import { ArgumentError, shown } from "../runtime/index.js";
import { keep, Tensor, unkeep } from "../tensor/index.js";

/** What {@link changedCopy} needs of a physics. */
interface Clonable {
  clone(): Clonable;
}

/** The tensors that were given to the copy which {@link changedCopy} is making; undefined outside of it. */
let lent: Set<Tensor> | undefined;

/**
 * A clone of a physics to which `change` gives other parameters. Unlike what `update` sets, its tensors are not kept:
 * they belong to the innermost open `tidy`, as a copy for one training step ends with the step.
 */
export function changedCopy<T extends Clonable>(original: T, change: (copy: T) => void): T {
  const [outer, tensors] = [lent, new Set<Tensor>()];
  const copy = original.clone() as T;
  lent = tensors;
  try {
    // A class may keep what it is given; then the tidy gets it back.
    unkeep(
      () => change(copy),
      () => tensors,
    );
  } finally {
    lent = outer;
  }
  return copy;
}

/** Runs `change` and keeps the tensors that it stores in fields of `object`, so that they outlive a `tidy`. */
export function keepingFields(object: object, change: () => void): void {
  const before = new Set(Object.values(object) as unknown[]);
  change();
  if (lent !== undefined) return;
  for (const value of Object.values(object) as unknown[])
    if (value instanceof Tensor && !before.has(value)) keep(value);
}

/**
 * Refuses parameters that are no object.
 *
 * @throws ArgumentError `invalid_argument`.
 */
export function checkParameters(caller: string, parameters: unknown): void {
  if (typeof parameters === "object" && parameters !== null && !Array.isArray(parameters)) return;
  throw new ArgumentError(
    `${caller}: the parameters are ${shown(parameters)}, expected an object such as { sigma: 0.1 }.`,
    "invalid_argument",
  );
}

/** A parameter, a tensor with a handle of its own, so that freeing the caller's does no harm. */
export function ownValue<V>(value: V): V | Tensor {
  if (!(value instanceof Tensor)) return value;
  const own = value.clone();
  lent?.add(own);
  return own;
}

/** The fields of `object` that are physics or noise models, or arrays of such, each copied once. */
export function copiedParts(object: object): Record<string, unknown> {
  const copies = new Map<unknown, unknown>();
  const copied = (value: unknown): unknown => {
    if (!isPart(value)) return value;
    if (!copies.has(value)) copies.set(value, value.clone());
    return copies.get(value);
  };
  const parts = (Object.entries(object) as [string, unknown][]).filter(
    ([, value]) => isPart(value) || (Array.isArray(value) && value.some(isPart)),
  );
  return Object.fromEntries(
    parts.map(([name, value]) => [name, Array.isArray(value) ? value.map(copied) : copied(value)]),
  );
}

/** Whether a value is a physics or a noise model, of which a copy has its own. */
function isPart(value: unknown): value is Clonable {
  const { clone, update } = (value ?? {}) as { clone?: unknown; update?: unknown };
  return typeof clone === "function" && typeof update === "function";
}
