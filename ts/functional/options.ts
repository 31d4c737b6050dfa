import { ArgumentError, checkOptions, shown } from "../runtime/index.js";
import { Tensor } from "../tensor/index.js";

/** One number for both axes of an image, or [height, width]. */
export type Size2 = number | readonly [number, number] | readonly number[];

/**
 * Refuses unknown options of a function, and a tensor in their place, which is where PyTorch takes the bias.
 *
 * @throws ArgumentError `invalid_argument`, `unknown_option`.
 */
export function checkArguments(caller: string, options: object, keys: readonly string[]): void {
  if (options instanceof Tensor) {
    const advice = keys.includes("bias") ? "give the bias as an option: { bias }" : `expected { ${keys.join(", ")} }`;
    throw new ArgumentError(`${caller}: a tensor stands in place of the options; ${advice}.`, "invalid_argument");
  }
  if (options === undefined)
    throw new ArgumentError(`${caller}: the options are missing: { ${keys.join(", ")} }.`, "missing_argument");
  checkOptions(caller, options, keys);
}

/**
 * Height and width of a size.
 *
 * @throws ArgumentError `invalid_argument` unless it is one or two whole numbers of at least `min`.
 */
export function pair(caller: string, name: string, value: Size2, min = 0): [number, number] {
  const both = typeof value === "number" ? [value, value] : Array.isArray(value) ? (value as number[]) : [];
  if (both.length !== 2 || both.some((n) => !Number.isSafeInteger(n) || n < min)) {
    throw new ArgumentError(
      `${caller}: ${name} is ${shown(value)}, expected one whole number of at least ${min} ` +
        "or two of them (height, width).",
      "invalid_argument",
    );
  }
  return [both[0]!, both[1]!];
}
