import { ArgumentError } from "../runtime/index.js";
import type { Layout } from "./strided.js";

/**
 * What is taken of one axis: an index, which removes the axis; `[begin, end]` with the end left out; `null` for all.
 * Negative numbers count from the end.
 */
export type AxisSlice = number | readonly [begin: number, end: number] | null;

/** What is taken of an array: an {@link AxisSlice} for each axis from the first; a number is an index of the first. */
export type Slice = number | readonly AxisSlice[];

/** A slice for a certain shape. */
export interface Selection {
  /** For each axis of the file, the first index and how many. */
  readonly ranges: readonly { readonly begin: number; readonly count: number }[];
  /** The axes that remain, by their number in the file. */
  readonly kept: readonly number[];
  /** The shape that results. */
  readonly shape: readonly number[];
}

/**
 * Applies a slice to a shape.
 *
 * @throws ArgumentError `index_out_of_range`; `invalid_argument` where the slice is none, or has too many axes.
 */
export function select(slice: Slice | undefined, shape: readonly number[]): Selection {
  const parts: readonly unknown[] = slice === undefined ? [] : Array.isArray(slice) ? slice : [slice];
  if (parts.length > shape.length) {
    throw new ArgumentError(
      `readArray: slice has ${parts.length} axes, the array has ${shape.length}: [${shape.join(", ")}].`,
      "invalid_argument",
    );
  }
  const kept: number[] = [];
  const ranges = shape.map((size, axis) => {
    const part = parts[axis] ?? null;
    if (typeof part === "number") {
      const begin = position(part, size, axis);
      if (begin === size) throw outside(part, size, axis);
      return { begin, count: 1 };
    }
    kept.push(axis);
    if (part === null || (Array.isArray(part) && part.length === 0)) return { begin: 0, count: size };
    if (!Array.isArray(part) || part.length !== 2) {
      throw new ArgumentError(
        `readArray: slice of axis ${axis} is ${JSON.stringify(part)}, expected an index, [begin, end] or null.`,
        "invalid_argument",
      );
    }
    const [begin, end] = [position(part[0], size, axis), position(part[1], size, axis)];
    return { begin, count: Math.max(0, end - begin) };
  });
  return { ranges, kept, shape: kept.map((axis) => (ranges[axis] as { count: number }).count) };
}

function position(index: unknown, size: number, axis: number): number {
  if (!Number.isSafeInteger(index)) {
    throw new ArgumentError(
      `readArray: slice of axis ${axis} has ${String(index)}, expected a whole number.`,
      "invalid_argument",
    );
  }
  const at = (index as number) < 0 ? (index as number) + size : (index as number);
  if (at < 0 || at > size) throw outside(index as number, size, axis);
  return at;
}

function outside(index: number, size: number, axis: number): ArgumentError {
  return new ArgumentError(
    `readArray: slice of axis ${axis} has ${index}, but the axis has ${size} entries.`,
    "index_out_of_range",
  );
}

/** The layout of a selection in an array with the given strides; removed axes have the size 1. */
export function selectedLayout(selection: Selection, offset: number, strides: readonly number[]): Layout {
  return {
    offset: selection.ranges.reduce((sum, { begin }, axis) => sum + begin * (strides[axis] as number), offset),
    shape: selection.ranges.map(({ count }) => count),
    strides,
  };
}
