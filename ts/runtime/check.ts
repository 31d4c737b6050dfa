import { checkDevice } from "./device-name.js";
import { ArgumentError } from "./errors.js";
import { hasMethods, isFunction, isPlain } from "./kinds.js";
import { shown } from "./shown.js";

/** Levenshtein distance: the number of single-letter edits between two words. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The candidate with the smallest edit distance to a word, ignoring case; `undefined` if there is no candidate. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let smallest = Infinity;
  for (const candidate of candidates) {
    const d = distance(word.toLowerCase(), candidate.toLowerCase());
    if (d < smallest) [best, smallest] = [candidate, d];
  }
  return best;
}

/**
 * Refuses options that are no object of named values.
 *
 * @throws ArgumentError `missing_argument` where there are none; `invalid_argument` where they are something else.
 */
export function checkOptionsObject(
  className: string,
  options: object | undefined,
  allowedKeys: readonly string[] = [],
): asserts options is object {
  if (options === undefined) {
    const keys = allowedKeys.length > 0 ? ` (${allowedKeys.join(", ")})` : "";
    throw new ArgumentError(`${className}: the options are missing, expected an object${keys}.`, "missing_argument");
  }
  if (!isOptions(options, allowedKeys)) {
    throw new ArgumentError(`${className}: options are ${shown(options)}, expected an object.`, "invalid_argument");
  }
}

/**
 * Checks the keys of an options object.
 *
 * @throws ArgumentError `unknown_option` with the nearest valid key where a key is unknown; `missing_argument` where
 * there are no options; `invalid_argument` where they are no object of named values, or where `rng`, `dtype` or
 * `device` is none.
 */
export function checkOptions(className: string, options: object | undefined, allowedKeys: readonly string[]): void {
  checkOptionsObject(className, options, allowedKeys);
  for (const [key, value] of Object.entries(options)) {
    if (Array.isArray(value)) checkList(className, key, value);
    if (allowedKeys.includes(key)) {
      common[key]?.(className, value);
      continue;
    }
    const near = nearest(key.slice(0, 100), allowedKeys);
    const hint =
      near === undefined
        ? "no options are accepted."
        : `did you mean "${near}"? Valid options: ${allowedKeys.join(", ")}.`;
    throw new ArgumentError(`${className}: unknown option ${shown(key)}; ${hint}`, "unknown_option");
  }
}

/**
 * Objects of named values. An instance of a class without any, such as a map, is something else, unless it has some of
 * the options: a tensor is its own element type and device.
 */
function isOptions(value: unknown, allowedKeys: readonly string[]): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return isPlain(value) || Object.keys(value).length > 0 || allowedKeys.some((key) => key in value);
}

/** A check that an option, if it is given, is one of some words. */
const oneOf = (name: string, words: readonly string[]) => (className: string, value: unknown) => {
  if (value !== undefined && value !== null) checkWord(className, name, value, words);
};

/** Options that mean the same wherever they occur. */
const common: Readonly<Record<string, ((className: string, value: unknown) => void) | undefined>> = {
  rng: checkStream,
  dtype: oneOf("dtype", ["float32", "float64"]),
  device: (className, value) => {
    if (value !== undefined && value !== null) checkDevice(className, value);
  },
};

/** What a random stream can draw. */
const DRAWS = (
  "normal uniform rademacher bernoulli randint permutation choice poisson binomial gamma beta exponential laplace " +
  "fork state"
).split(" ");

/**
 * Checks a random stream; `undefined` is allowed.
 *
 * @throws ArgumentError `invalid_argument` where the value is not a random stream.
 */
export function checkStream(className: string, rng: unknown): void {
  if (rng === undefined || hasMethods(rng, DRAWS)) return;
  throw new ArgumentError(
    `${className}: rng is ${shown(rng)}, expected a random stream such as new Rng(0).`,
    "invalid_argument",
  );
}

/**
 * A boolean option, or its default if it is missing.
 *
 * @throws ArgumentError `invalid_argument` where the value is neither true nor false.
 */
export function checkFlag(className: string, name: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined || value === null) return fallback;
  if (typeof value === "boolean") return value;
  throw new ArgumentError(`${className}: ${name} is ${shown(value)}, expected true or false.`, "invalid_argument");
}

/**
 * Refuses a value that is none of the allowed words, and returns it otherwise.
 *
 * @throws ArgumentError `invalid_argument` that lists the words.
 */
export function checkWord<W extends string>(caller: string, name: string, value: unknown, words: readonly W[]): W {
  const found = words.find((word) => word === value);
  if (found !== undefined) return found;
  throw new ArgumentError(
    `${caller}: ${name} is ${shown(value)}, expected one of ${words.map((word) => `"${word}"`).join(", ")}.`,
    "invalid_argument",
  );
}

/**
 * A list of at most `max` entries.
 *
 * @throws ArgumentError `invalid_argument` where the value is anything else.
 */
export function checkList<T>(caller: string, name: string, value: readonly T[], max = MAX_ENTRIES): readonly T[] {
  if (Array.isArray(value) && value.length <= max) return value;
  const expected = `expected an array${Array.isArray(value) ? ` of at most ${max}` : ""}`;
  throw new ArgumentError(`${caller}: ${name} is ${shown(value)}, ${expected}.`, "invalid_argument");
}

/** More entries are no list of numbers or tensors; an array's length alone may be 2^32 - 1. */
const MAX_ENTRIES = 1 << 24;

/**
 * A function.
 *
 * @throws ArgumentError `invalid_argument` where the value is anything else.
 */
export function checkFunction(caller: string, name: string, value: unknown): void {
  if (isFunction(value)) return;
  throw new ArgumentError(`${caller}: ${name} is ${shown(value)}, expected a function.`, "invalid_argument");
}

/**
 * Upper bounds of the sizes that options lead to: far above what is used, and low enough that what they lead to is made
 * at once. Each option that has one names it in its documentation.
 */
export const LARGEST = {
  /** Pixels of a side of a filter. */
  filterSide: 2048,
  /** Pixels of a window of a rank filter. */
  window: 4096,
  /** Layers or iterations of a network. */
  layers: 1000,
  /** Resolutions of a network. */
  scales: 16,
  /** Transforms of an image in one call. */
  transforms: 10_000,
  /** Angles of a scan. */
  angles: 100_000,
  /** Pixels of a side of an image for which tables are made. */
  imageSide: 1 << 14,
  /** Entries of an image, all channels together. */
  entries: 2 ** 28,
  /** Images of a batch, or samples of one image, in one draw. */
  batch: 1 << 16,
  /** Draws of a mean. */
  draws: 10_000_000,
} as const;

/**
 * A size that follows from options, such as the side of a filter, before anything of that size is made.
 *
 * @throws ArgumentError `invalid_argument` where it is above `max`, with the option that it follows from.
 */
export function checkSize(caller: string, what: string, size: number, max: number, option: string): number {
  if (size <= max) return size;
  throw new ArgumentError(
    `${caller}: ${option} leads to ${what} of ${size}, expected at most ${max}; use a smaller ${option}.`,
    "invalid_argument",
  );
}

/** Constraints of {@link checkNumber}. */
export interface NumberRule {
  /** Smallest allowed value. */
  readonly min?: number;
  /** Largest allowed value. */
  readonly max?: number;
  /** Only values above zero. */
  readonly positive?: boolean;
  /** Only whole numbers. */
  readonly integer?: boolean;
}

/**
 * A finite number that satisfies a rule.
 *
 * @throws ArgumentError `invalid_argument` where the value is anything else.
 */
export function checkNumber(className: string, name: string, value: unknown, rule: NumberRule = {}): number {
  const valid =
    typeof value === "number" &&
    Number.isFinite(value) &&
    (!rule.integer || Number.isInteger(value)) &&
    (!rule.positive || value > 0) &&
    (rule.min === undefined || value >= rule.min) &&
    (rule.max === undefined || value <= rule.max);
  if (valid) return value;
  const expected = [rule.integer ? "a whole number" : "a finite number"];
  if (rule.positive) expected.push("above 0");
  if (rule.min !== undefined) expected.push(`at least ${rule.min}`);
  if (rule.max !== undefined) expected.push(`at most ${rule.max}`);
  throw new ArgumentError(
    `${className}: ${name} is ${shown(value)}, expected ${expected.join(", ")}.`,
    "invalid_argument",
  );
}

/**
 * A required number that satisfies a rule; `meaning` completes the sentence "it is ..." of the error.
 *
 * @throws ArgumentError `missing_argument` where it is missing; `invalid_argument` where it breaks the rule.
 */
export function requiredNumber(
  className: string,
  name: string,
  value: unknown,
  meaning: string,
  rule: NumberRule,
): number {
  if (value === undefined || value === null) {
    throw new ArgumentError(`${className}: ${name} is missing; it is ${meaning}.`, "missing_argument");
  }
  return checkNumber(className, name, value, rule);
}
