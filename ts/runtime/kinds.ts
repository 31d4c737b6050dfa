import { ArgumentError } from "./errors.js";
import { isClass, shown } from "./shown.js";

/** A kind of value: how to recognise it, and what a message says that was expected. */
export interface Kind {
  readonly fits: (value: unknown) => boolean;
  /** Completes "expected ...". */
  readonly expected: string;
}

/**
 * Refuses a value of another kind.
 *
 * @throws ArgumentError `invalid_argument`.
 */
export function checkKind(caller: string, name: string, value: unknown, { fits, expected }: Kind): void {
  if (fits(value)) return;
  throw new ArgumentError(`${caller}: ${name} is ${withType(value)}, expected ${expected}.`, "invalid_argument");
}

/** A description that says what a text or a number is, where something else was expected: `the string "Adam"`. */
function withType(value: unknown): string {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return `the ${typeof value} ${shown(value)}`;
  return isPlain(value) ? "an object" : shown(value);
}

/** Whether a value is an object with methods of these names. */
export function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

/** Whether a value is an object of entries, not one of a class. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value));
}

/** Whether a value can be called; a class cannot. */
export const isFunction = (value: unknown): boolean => typeof value === "function" && !isClass(value);

/** An object, such as one of named values; no list. */
export const anObject: Kind = {
  expected: "an object",
  fits: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};

/**
 * An object; lists and functions are none.
 *
 * @throws ArgumentError `invalid_argument` where the value is anything else.
 */
export function checkObject(caller: string, name: string, value: unknown): void {
  checkKind(caller, name, value, anObject);
}

/**
 * A text.
 *
 * @throws ArgumentError `invalid_argument` where the value is anything else.
 */
export function checkText(caller: string, name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new ArgumentError(`${caller}: ${name} is ${shown(value)}, expected a string.`, "invalid_argument");
}

/**
 * An object of a class; `example` shows how to make one.
 *
 * @throws ArgumentError `invalid_argument` where the value is anything else.
 */
export function checkInstance<T>(
  caller: string,
  name: string,
  value: unknown,
  Class: Function & { readonly prototype: T },
  example: string,
): T {
  if (value instanceof Class) return value as T;
  throw new ArgumentError(`${caller}: ${name} is ${shown(value)}, expected ${example}.`, "invalid_argument");
}
