import type { ArrayData } from "../formats/index.js";
import { ArgumentError, ShapeError } from "../runtime/index.js";

/** Values in memory with a shape. */
interface ShapedData {
  readonly data: ArrayData;
  readonly shape: readonly number[];
}

const kinds = [
  Int8Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
] as const;

/**
 * Refuses what is not values with a shape that holds them.
 *
 * @throws ArgumentError `invalid_argument`; ShapeError `shape_mismatch`.
 */
export function checkArray<T extends ShapedData>(caller: string, array: T): T {
  const { data, shape } = (array ?? {}) as { data?: unknown; shape?: unknown };
  const isShape = Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
  if (!kinds.some((Kind) => data instanceof Kind) || !isShape) {
    throw new ArgumentError(
      `${caller}: the array is not { data, shape } with a typed array of numbers and a list of sizes; ` +
        "64-bit integers are to be converted to float64.",
      "invalid_argument",
    );
  }
  const count = (shape as number[]).reduce((product, size) => product * size, 1);
  const { length } = data as ArrayData;
  if (count !== length) {
    throw new ShapeError(
      `${caller}: ${length} values do not fill shape [${array.shape.join(", ")}], which needs ${count}.`,
      "shape_mismatch",
    );
  }
  return array;
}
