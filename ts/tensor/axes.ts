import { ArgumentError, shown } from "../runtime/index.js";
import type { Dims } from "./types.js";

/**
 * An axis counted from the first; negative ones count from the last.
 *
 * @throws ArgumentError `invalid_axis` where there is none.
 */
export function axis(op: string, dim: number, rank: number): number {
  const at = typeof dim !== "number" ? NaN : dim < 0 ? dim + rank : dim;
  if (!Number.isInteger(at) || at < 0 || at >= rank) {
    const range = rank === 0 ? "none" : `${-rank} to ${rank - 1}`;
    throw new ArgumentError(
      `${op}: axis ${shown(dim)} does not exist in a tensor of rank ${rank}, expected ${range}.`,
      "invalid_axis",
    );
  }
  return at;
}

/**
 * Axes counted from the first; `undefined` gives `[]`, which reductions take for all axes.
 *
 * @throws ArgumentError `invalid_axis` for an axis that does not exist or is named twice.
 */
export function axes(op: string, dims: Dims | undefined, rank: number): number[] {
  if (dims === undefined) return [];
  const named = Array.isArray(dims) ? (dims as readonly number[]) : [dims as number];
  if (named.length > rank)
    throw new ArgumentError(`${op}: ${named.length} axes came for a tensor of rank ${rank}.`, "invalid_axis");
  const list = named.map((d) => axis(op, d, rank));
  if (new Set(list).size !== list.length)
    throw new ArgumentError(`${op}: axes ${shown(dims)} name one axis twice.`, "invalid_axis");
  return list;
}

/**
 * A position within an axis of `size` entries, negative ones from the end, clamped as array slices are.
 *
 * @throws ArgumentError `invalid_argument` for anything but a whole number.
 */
export function position(op: string, at: number | undefined, size: number, otherwise: number): number {
  const value = at ?? otherwise;
  if (typeof value !== "number" || Number.isNaN(value) || (Number.isFinite(value) && !Number.isInteger(value)))
    throw new ArgumentError(`${op}: a position is ${shown(value)}, expected a whole number.`, "invalid_argument");
  return Math.min(Math.max(value < 0 ? value + size : value, 0), size);
}
