import { ArgumentError, isPlain, shown } from "../runtime/index.js";
import type { Dataset, Measurement } from "./dataset.js";

/**
 * Refuses what is not a dataset: an object with `get(index)` and a whole number as `length`.
 *
 * @throws ArgumentError `missing_argument`, `invalid_argument`.
 */
export function checkDataset(caller: string, value: unknown): asserts value is Dataset<Measurement> {
  if (value === undefined || value === null)
    throw new ArgumentError(
      `${caller}: dataset is missing; it is a dataset such as new TensorDataset({ x }).`,
      "missing_argument",
    );
  const { get, length } = value as { get?: unknown; length?: unknown };
  if (typeof get === "function" && Number.isInteger(length) && (length as number) >= 0) return;
  throw new ArgumentError(
    `${caller}: dataset is ${named(value)}, expected an object with get(index) and length, such as an ImageFolder; ` +
      "of tensors make one with new TensorDataset({ x }).",
    "invalid_argument",
  );
}

function named(value: unknown): string {
  const { get, length } = value as { get?: unknown; length?: unknown };
  if (typeof get === "function") return `an object whose length is ${shown(length)}`;
  if (typeof value !== "object") return `a ${typeof value}`;
  return isPlain(value) ? "an object without get(index)" : shown(value);
}
