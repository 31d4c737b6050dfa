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
 * Throws ArgumentError `unknown_option` that names the nearest valid key, and `invalid_argument` when options are not an object.
 */
export function checkOptions(className: string, options: object | undefined, allowedKeys: readonly string[]): void {
  if (options === undefined) return;
  if (options === null || typeof options !== "object" || Array.isArray(options)) {
    throw new ArgumentError(`${className}: options must be one object, got ${options === null ? "null" : typeof options}`, "invalid_argument");
  }
  for (const key of Object.keys(options)) {
    if (allowedKeys.includes(key)) continue;
    const near = nearest(key, allowedKeys);
    const hint = near === undefined ? "it takes no options" : `did you mean "${near}"? Valid options: ${allowedKeys.join(", ")}`;
    throw new ArgumentError(`${className}: unknown option "${key}"; ${hint}`, "unknown_option");
  }
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
    const got = typeof value === "number" ? String(value) : typeof value === "string" ? JSON.stringify(value) : value === null ? "null" : typeof value;
    throw new ArgumentError(`${className}: ${name} is ${got}, expected ${wanted.join(", ")}`, "invalid_argument");
  }
  return value;
}
