import { ArgumentError } from "../runtime/index.js";
import type { OneOrMore, TrainerOptions } from "./options.js";

/** The entries of an option that is one, a list, or missing. */
export function list<T>(value: OneOrMore<T> | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/**
 * The number of data sets of a training: the length of the lists among `physics`, `physicsGenerator` and `trainData`.
 *
 * @throws ArgumentError `invalid_argument` where lists have different lengths.
 */
export function countOf(options: Pick<TrainerOptions, "physics" | "physicsGenerator" | "trainData">): number {
  const { physics, physicsGenerator, trainData } = options;
  const lengths = Object.entries({ physics, physicsGenerator, trainData }).map(
    ([name, value]) => [name, list<unknown>(value).length] as const,
  );
  const count = Math.max(...lengths.map(([, length]) => length));
  const odd = lengths.filter(([, length]) => length > 1 && length !== count);
  if (odd.length === 0) return count;
  const texts = lengths.filter(([, length]) => length > 1).map(([name, length]) => `${length} of ${name}`);
  throw new ArgumentError(
    `Trainer: got ${texts.join(" and ")}, expected lists of the same length, or one for all.`,
    "invalid_argument",
  );
}

/** The entry for data set `index`: of a list that one, of a single value that value. */
export function entryOf<T>(value: OneOrMore<T>, index: number): T;
export function entryOf<T>(value: OneOrMore<T> | undefined, index: number): T | undefined;
export function entryOf<T>(value: OneOrMore<T> | undefined, index: number): T | undefined {
  const entries = list(value);
  return entries.length === 1 ? entries[0] : entries[index];
}
