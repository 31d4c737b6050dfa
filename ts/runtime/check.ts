import { ArgumentError } from "./errors.js";

/** Number of single-letter edits between two words (Levenshtein). */
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

/** The candidate nearest to a word by edit distance (case ignored), or `undefined` when there is none. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Infinity;
  for (const candidate of candidates) {
    const d = distance(word.toLowerCase(), candidate.toLowerCase());
    if (d < least) [best, least] = [candidate, d];
  }
  return best;
}

/**
 * Refuses option keys that a class does not know.
 * Throws ArgumentError `unknown_option` that names the nearest valid key, and `invalid_argument` when options are not
 * an object or `rng` is no stream of random numbers.
 */
export function checkOptions(className: string, options: object | undefined, allowedKeys: readonly string[]): void {
  if (options === undefined) return;
  if (options === null || typeof options !== "object" || Array.isArray(options)) {
    throw new ArgumentError(
      `${className}: options must be one object, got ${options === null ? "null" : typeof options}`,
      "invalid_argument",
    );
  }
  for (const [key, value] of Object.entries(options)) {
    if (key === "rng" && allowedKeys.includes(key)) checkStream(className, value);
    if (allowedKeys.includes(key)) continue;
    const near = nearest(key, allowedKeys);
    const hint =
      near === undefined ? "it takes no options" : `did you mean "${near}"? Valid options: ${allowedKeys.join(", ")}`;
    throw new ArgumentError(`${className}: unknown option "${key}"; ${hint}`, "unknown_option");
  }
}

/** Refuses what is no stream of random numbers; throws ArgumentError `invalid_argument`. */
export function checkStream(className: string, rng: unknown): void {
  if (rng === undefined || typeof (rng as { normal?: unknown } | null)?.normal === "function") return;
  throw new ArgumentError(
    `${className}: rng must be a stream of random numbers, such as new Rng(0), got ${shown(rng)}`,
    "invalid_argument",
  );
}

/**
 * Refuses a value that is neither true nor false, and returns it, or the default where there is none. Throws
 * ArgumentError `invalid_argument`.
 */
export function checkFlag(className: string, name: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined || value === null) return fallback;
  if (typeof value === "boolean") return value;
  throw new ArgumentError(`${className}: ${name} is ${shown(value)}, expected true or false`, "invalid_argument");
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

/** A value, in words short enough for a message. */
function shown(value: unknown): string {
  return typeof value === "number"
    ? String(value)
    : typeof value === "string"
      ? JSON.stringify(value)
      : value === null
        ? "null"
        : typeof value;
}

/** What {@link checkNumber} asks of a number. */
export interface NumberRule {
  /** Smallest value allowed. */
  min?: number;
  /** Largest value allowed. */
  max?: number;
  /** Strictly above zero. */
  positive?: boolean;
  /** A whole number. */
  integer?: boolean;
}

/**
 * Refuses a value that is not a finite number within a rule, and returns it otherwise.
 * Throws ArgumentError `invalid_argument`.
 */
export function checkNumber(className: string, name: string, value: unknown, rule: NumberRule = {}): number {
  const wanted: string[] = [];
  if (rule.integer) wanted.push("a whole number");
  else wanted.push("a finite number");
  if (rule.positive) wanted.push("above 0");
  if (rule.min !== undefined) wanted.push(`at least ${rule.min}`);
  if (rule.max !== undefined) wanted.push(`at most ${rule.max}`);
  const fits =
    typeof value === "number" &&
    Number.isFinite(value) &&
    (!rule.integer || Number.isInteger(value)) &&
    (!rule.positive || value > 0) &&
    (rule.min === undefined || value >= rule.min) &&
    (rule.max === undefined || value <= rule.max);
  if (!fits) {
    throw new ArgumentError(
      `${className}: ${name} is ${shown(value)}, expected ${wanted.join(", ")}`,
      "invalid_argument",
    );
  }
  return value;
}

/**
 * A number that a constructor cannot do without.
 * Throws ArgumentError `missing_argument` that says where to get it, or `invalid_argument`.
 */
export function requiredNumber(
  className: string,
  name: string,
  value: unknown,
  whence: string,
  rule: NumberRule,
): number {
  if (value === undefined || value === null) {
    throw new ArgumentError(`${className}: ${name} is missing; it is ${whence}.`, "missing_argument");
  }
  return checkNumber(className, name, value, rule);
}
