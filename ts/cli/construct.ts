import { nearest } from "../runtime/index.js";
import type { Named } from "./config.js";
import { UsageError } from "./errors.js";

/** A class whose constructor takes what a configuration gives. */
export type Constructor<T> = new (...args: never[]) => T;

/**
 * An object of the class that a configuration names: `new Class(...leading, { ...options, ...extra })`, where the
 * options are the configuration's.
 *
 * @throws UsageError `unknown_option` where no class in `known` has that name; the class's own errors.
 */
export function construct<T>(
  where: string,
  known: Readonly<Record<string, Constructor<T>>>,
  named: Named,
  leading: readonly unknown[] = [],
  extra: object = {},
): T {
  const Class = Object.hasOwn(known, named.name) ? known[named.name] : undefined;
  if (!Class) {
    const names = Object.keys(known);
    throw new UsageError(
      `${where}: unknown name "${named.name}"; did you mean "${nearest(named.name, names)}"? ` +
        `Known: ${names.join(", ")}.`,
      "unknown_option",
    );
  }
  return new Class(...([...leading, { ...omit(named, ["name"]), ...extra }] as never[]));
}

/** An object without some of its keys. */
export function omit(value: object, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}
