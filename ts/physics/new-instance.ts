import { ArgumentError } from "../runtime/index.js";

/**
 * A new object of the class of `object`, made without its constructor and without fields.
 *
 * Only a constructor can add `#private` members to an object. A copy without them would fail at its first use, with an
 * error of the JavaScript engine that does not mention the copy. So classes that use `this.#member` are refused; that
 * can be seen in their source text only.
 *
 * @throws ArgumentError `not_clonable` where a class of the object has `#private` members.
 */
export function newInstanceOf<T extends object>(object: T): T {
  const prototype = Object.getPrototypeOf(object) as T;
  const className = prototype.constructor.name;
  for (let p: object | null = prototype; p; p = Object.getPrototypeOf(p) as object | null) {
    if (!/\bthis\.#\w/.test(String(p.constructor))) continue;
    throw new ArgumentError(
      `${className}.clone: ${p.constructor.name} has #private members, which cannot be copied; override newInstance, ` +
        `such as protected override newInstance() { return new ${className}(...) as this; }.`,
      "not_clonable",
    );
  }
  return Object.create(prototype) as T;
}
