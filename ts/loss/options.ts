import type { RandomSource } from "../random/index.js";
import {
  ArgumentError,
  checkFlag,
  checkList,
  checkNumber,
  checkOptions,
  checkWord,
  type NumberRule,
  requiredNumber,
  checkText,
} from "../runtime/index.js";

/**
 * Checks the value of one option and returns it, or the default where there is none.
 *
 * @param name the class, for messages.
 * @param key the option.
 * @throws ArgumentError `invalid_argument`, or `missing_argument` where a required option is missing.
 */
export type OptionReader<T> = (value: unknown, name: string, key: string) => T;

/** A reader for each option of the interface `O`, of the type that the interface declares. */
export type OptionReaders<O> = { readonly [K in keyof Required<O>]: OptionReader<O[K] | null | undefined> };

/** The values that a table of readers gives. */
export type OptionValues<R> = { readonly [K in keyof R]: R[K] extends OptionReader<infer T> ? T : never };

/**
 * The checked options of a class. A table that lacks an option of the interface, or has one more, does not compile.
 *
 * @throws ArgumentError `unknown_option`, and whatever the readers throw.
 */
export function readOptions<O extends object, R extends OptionReaders<O>>(
  name: string,
  options: O | undefined,
  readers: R & Readonly<Record<Exclude<keyof R, keyof O>, never>>,
): OptionValues<R> {
  checkKeys(name, options, readers);
  return readValues<R>(name, options, readers);
}

/**
 * Refuses options that neither a table of readers nor the list of other names contains.
 *
 * @throws ArgumentError `unknown_option`, or `invalid_argument` where options are no object.
 */
export function checkKeys(
  name: string,
  options: object | undefined,
  readers: object,
  others: readonly string[] = [],
): void {
  for (const other of checkList(name, "the names of options", others, MAX_KEYS))
    checkText(name, "the name of an option", other);
  checkOptions(name, options, [...Object.keys(readers), ...checkList(name, "the names of options", others, MAX_KEYS)]);
}

/** More names are no list of options. */
const MAX_KEYS = 100;

/** The options that a table of readers names; other options, which another class reads, are not checked. */
export function readValues<R extends object>(name: string, options: object | undefined, readers: R): OptionValues<R> {
  const given = (options ?? {}) as Readonly<Record<string, unknown>>;
  const values = (Object.entries(readers) as [string, OptionReader<unknown>][]).map(([key, read]) => [
    key,
    read(given[key], name, key),
  ]);
  return Object.fromEntries(values) as OptionValues<R>;
}

/** A number; without one, the default. */
export function number(fallback: number, rule: NumberRule = {}): OptionReader<number> {
  return (value, name, key) => checkNumber(name, key, value ?? fallback, rule);
}

/** A number that has no default. */
export function optionalNumber(rule: NumberRule = {}): OptionReader<number | undefined> {
  return (value, name, key) =>
    value === undefined || value === null ? undefined : checkNumber(name, key, value, rule);
}

/** A number that must be given; `source` says what it is. */
export function required(source: string, rule: NumberRule = {}): OptionReader<number> {
  return (value, name, key) => requiredNumber(name, key, value, source, rule);
}

/** A number between 0 and 1, both excluded. */
export function fraction(fallback: number): OptionReader<number> {
  return (value, name, key) => {
    const checked = checkNumber(name, key, value ?? fallback, { positive: true });
    if (checked < 1) return checked;
    throw new ArgumentError(`${name}: ${key} is ${checked}, expected a number below 1.`, "invalid_argument");
  };
}

/** Two numbers; `what` says which. */
export function pair(
  fallback: readonly [number, number],
  what: string,
  rule: NumberRule,
): OptionReader<readonly [number, number]> {
  return (value, name, key) => {
    const numbers: unknown = value ?? fallback;
    if (!Array.isArray(numbers) || numbers.length !== 2)
      throw new ArgumentError(`${name}: ${key} must be two numbers, ${what}.`, "invalid_argument");
    for (const entry of numbers) checkNumber(name, key, entry, rule);
    return [...(numbers as [number, number])];
  };
}

/** True or false; without one, the default. */
export function flag(fallback: boolean): OptionReader<boolean> {
  return (value, name, key) => checkFlag(name, key, value, fallback);
}

/** True or false, with a default that depends on other options. */
export const optionalFlag: OptionReader<boolean | undefined> = (value, name, key) =>
  value === undefined || value === null ? undefined : checkFlag(name, key, value, false);

/** One of some words; without one, the default. */
export function word<W extends string>(words: readonly W[], fallback: W): OptionReader<W> {
  return (value, name, key) => (value === undefined ? fallback : checkWord(name, key, value, words));
}

/** A random stream, which `checkOptions` has checked. */
export const randomStream: OptionReader<RandomSource | undefined> = (value) => value as RandomSource | undefined;

/** A value that the class checks itself. */
export function unchecked<T>(): OptionReader<T> {
  return (value) => value as T;
}
