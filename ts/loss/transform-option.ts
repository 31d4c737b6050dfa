import { ArgumentError } from "../runtime/index.js";
import { Transform } from "../transform/index.js";
import type { OptionReader } from "./options.js";

/** A transform that must be given. */
export const requiredTransform: OptionReader<Transform> = (value, name, key) => {
  if (value instanceof Transform) return value;
  if (value === undefined)
    throw new ArgumentError(
      `${name}: ${key} is missing; it is what leaves the set of images unchanged, ` +
        "such as new Shift() or new Rotate({ multiples: 90 }).",
      "missing_argument",
    );
  throw new ArgumentError(
    `${name}: ${key} must be a transform such as new Shift() or new Rotate({ multiples: 90 }).`,
    "invalid_argument",
  );
};

/** A transform, or null or nothing for none. */
export const optionalTransform: OptionReader<Transform | null | undefined> = (value, name, key) =>
  value === undefined || value === null ? value : requiredTransform(value, name, key);
