import { nearest } from "../runtime/index.js";
import { UsageError } from "./common.js";
import type { Named } from "./config.js";

/** A class whose constructor takes what a configuration gives. */
export type Constructor<T> = new (...args: never[]) => T;

/** `new Class(...leading, { ...options of the configuration, ...extra })` for the class that a configuration names. */
export function make<T>(
  where: string,
  known: Readonly<Record<string, Constructor<T>>>,
  named: Named,
  leading: readonly unknown[],
  extra: object = {},
): T {
  const Class = Object.hasOwn(known, named.name) ? known[named.name] : undefined;
  if (!Class) {
    const names = Object.keys(known);
    throw new UsageError(
      `${where}: unknown name "${named.name}"; did you mean "${nearest(named.name, names)}"? Known: ${names.join(", ")}`,
      "unknown_option",
    );
  }
  return new Class(...([...leading, { ...omit(named, ["name"]), ...extra }] as never[]));
}

/** A configuration without some of its keys. */
export function omit(named: Named, keys: readonly string[]): Named {
  return Object.fromEntries(Object.entries(named).filter(([key]) => !keys.includes(key))) as unknown as Named;
}
