import { TensorList } from "../physics/index.js";
import { ArgumentError } from "../runtime/index.js";
import { Tensor } from "../tensor/index.js";

/** A description of any value for an error message: `a tensor [4, 1, 8, 8]`, `the class SupLoss`, `"Adam"`. */
export function described(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") return `the string ${JSON.stringify(value.slice(0, 40))}`;
  if (typeof value === "function") {
    const isClass = /^class\b/.test(Function.prototype.toString.call(value));
    return isClass ? `the class ${value.name} itself (new ${value.name}(...) is missing)` : "a function";
  }
  if (typeof value !== "object") return `the ${typeof value} ${String(value)}`;
  if (value instanceof Tensor) return `a tensor [${value.shape.join(", ")}]`;
  if (value instanceof TensorList) return `a list of ${value.length} tensors`;
  if (value instanceof Promise) return "a promise (await is missing)";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  const name = (value as { constructor?: { name?: string } }).constructor?.name;
  return name === undefined || name === "" || name === "Object" ? "an object" : `an instance of ${name}`;
}

/** A kind of option: how to recognise it, and what a message says that was expected. */
export interface Kind {
  readonly fits: (value: unknown) => boolean;
  /** Completes "expected ...". */
  readonly expected: string;
}

/** Whether a value is an object with methods of these names. */
export function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

/**
 * Refuses a value of another kind.
 *
 * @throws ArgumentError `invalid_argument`.
 */
export function checkKind(caller: string, name: string, value: unknown, { fits, expected }: Kind): void {
  if (fits(value)) return;
  throw new ArgumentError(`${caller}: ${name} is ${described(value)}, expected ${expected}.`, "invalid_argument");
}
