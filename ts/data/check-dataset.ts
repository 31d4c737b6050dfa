import { ArgumentError } from "../runtime/index.js";
import { Tensor } from "../tensor/index.js";
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
  if (value instanceof Tensor) return `a tensor [${value.shape.join(", ")}]`;
  if (Array.isArray(value)) return "a list";
  if (value instanceof Promise) return "a promise (await is missing)";
  if (typeof value !== "object" || value === null) return `a ${typeof value}`;
  const { get, length } = value as { get?: unknown; length?: unknown };
  if (typeof get === "function") return `an object whose length is ${String(length)}`;
  const { name } = value.constructor ?? {};
  return name === undefined || name === "Object" ? "an object without get(index)" : `an instance of ${name}`;
}
