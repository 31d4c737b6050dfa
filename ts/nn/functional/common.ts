import { ArgumentError } from "../../runtime/index.js";

/** One number for both image axes, or [height, width]. */
export type Size2 = number | readonly [number, number] | readonly number[];

/** How the border of an image is filled. */
export type PadMode = "constant" | "reflect" | "replicate" | "circular";

/** Codes of the padding modes in the operator table. */
export const PAD_CODES: Readonly<Record<PadMode, number>> = { constant: 0, reflect: 1, replicate: 2, circular: 3 };

/**
 * Both axes of a size; throws ArgumentError `invalid_argument` unless it is one or two whole numbers of at least `min`.
 */
export function pair(operator: string, name: string, value: Size2, min = 0): [number, number] {
  const both =
    typeof value === "number"
      ? [value, value]
      : Array.isArray(value) && value.length === 2
        ? (value as number[])
        : undefined;
  if (!both || both.some((n) => !Number.isInteger(n) || n < min)) {
    throw new ArgumentError(
      `${operator}: ${name} is ${JSON.stringify(value)}, expected one whole number of at least ${min} or two of them (height, width)`,
      "invalid_argument",
    );
  }
  return [both[0]!, both[1]!];
}

/** The code of a word in a table; throws ArgumentError `invalid_argument` that lists the words. */
export function codeOf<K extends string>(
  operator: string,
  name: string,
  word: K,
  table: Readonly<Record<K, number>>,
): number {
  if (!Object.hasOwn(table, word)) {
    throw new ArgumentError(
      `${operator}: ${name} is ${JSON.stringify(word)}, expected one of ${Object.keys(table)
        .map((key) => JSON.stringify(key))
        .join(", ")}`,
      "invalid_argument",
    );
  }
  return table[word];
}
