import { ShapeError } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";

/**
 * How an image continues beyond its border: with zeros, mirrored, with its last pixel, or periodically; `"valid"`: not
 * at all.
 */
export type Padding = "valid" | "constant" | "zeros" | "circular" | "reflect" | "replicate";

/** The values of {@link Padding}. */
export const PADDINGS: readonly Padding[] = ["valid", "constant", "zeros", "circular", "reflect", "replicate"];

/** Pixels added before and after each of the last two dimensions. */
export interface Widths {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/**
 * The padding that keeps the image size under a filter of height `h` and width `w`; an even filter needs one pixel less
 * before than after.
 */
export function sameWidths(h: number, w: number): Widths {
  const before = (n: number): number => Math.floor(n / 2) - ((n - 1) % 2);
  return { top: before(h), bottom: Math.floor(h / 2), left: before(w), right: Math.floor(w / 2) };
}

function checkFits(caller: string, padding: Padding, size: number, before: number, after: number): void {
  const most = padding === "circular" ? size : padding === "reflect" ? size - 1 : Infinity;
  if (Math.max(before, after) <= most) return;
  throw new ShapeError(
    `${caller}: ${padding} padding by ${Math.max(before, after)} pixels does not fit an image side of ${size}; ` +
      'use a smaller filter or "constant" padding.',
    "shape_mismatch",
  );
}

/** How {@link padImages} fills the border, and whom its messages name. */
interface PadImagesArguments {
  padding: Padding;
  caller: string;
}

/**
 * Pads the last two dimensions of `[B, C, H, W]`.
 *
 * @throws ShapeError `shape_mismatch` where the border is larger than the image.
 */
export function padImages(x: Tensor, widths: Widths, { padding, caller }: PadImagesArguments): Tensor {
  const { top, bottom, left, right } = widths;
  if (padding === "valid" || (top === 0 && bottom === 0 && left === 0 && right === 0)) return x;
  checkFits(caller, padding, x.shape[2] ?? 0, top, bottom);
  checkFits(caller, padding, x.shape[3] ?? 0, left, right);
  return x.pad([0, 0, 0, 0, top, bottom, left, right], { mode: padding === "zeros" ? "constant" : padding });
}

/** The transpose of {@link padImages}: adds the border to the pixels that it was copied from. */
export function padImagesAdjoint(z: Tensor, widths: Widths, { padding, caller }: PadImagesArguments): Tensor {
  if (padding === "valid") return z;
  return fold(caller, fold(caller, z, 2, widths.top, widths.bottom, padding), 3, widths.left, widths.right, padding);
}

function part(z: Tensor, dim: number, start: number, end: number): Tensor {
  return z.slice(
    z.shape.map((_, d) => (d === dim ? start : 0)),
    z.shape.map((n, d) => (d === dim ? end : n)),
  );
}

function embed(z: Tensor, dim: number, before: number, after: number): Tensor {
  return z.pad(z.shape.flatMap((_, d) => (d === dim ? [before, after] : [0, 0])));
}

/** The transpose of padding one dimension by `a` before and `b` after. */
function fold(caller: string, z: Tensor, dim: number, a: number, b: number, padding: Padding): Tensor {
  const n = (z.shape[dim] ?? 0) - a - b;
  checkFits(caller, padding, n, a, b);
  let core = part(z, dim, a, a + n);
  if (padding === "constant" || padding === "zeros") return core;
  const add = (border: Tensor, at: number): void => {
    const length = border.shape[dim] ?? 0;
    core = core.add(embed(border, dim, at, n - at - length));
  };
  if (a > 0) {
    const border = part(z, dim, 0, a);
    if (padding === "circular") add(border, n - a);
    else if (padding === "reflect") add(border.flip([dim]), 1);
    else add(border.sum(dim, true), 0);
  }
  if (b > 0) {
    const border = part(z, dim, a + n, a + n + b);
    if (padding === "circular") add(border, 0);
    else if (padding === "reflect") add(border.flip([dim]), n - 1 - b);
    else add(border.sum(dim, true), n - 1);
  }
  return core;
}
