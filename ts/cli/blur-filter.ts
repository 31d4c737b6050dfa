import { UsageError } from "./errors.js";

/** Largest half of the side of a filter. */
const largestHalf = 100;

/**
 * The filter of a text such as `gaussian:2`, `disk:3` or `motion:9:30`: rows of numbers of sum 1.
 *
 * @throws UsageError where the text is none of these.
 */
export function blurFilter(text: string): number[][] {
  const [kind = "", ...numbers] = text.split(":");
  const [size = Number.NaN, angle = 0] = numbers.map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const shapes: Readonly<Record<string, { readonly half: number; at(y: number, x: number): number }>> = {
    gaussian: { half: Math.ceil(3 * size), at: (y, x) => Math.exp(-(y * y + x * x) / (2 * size * size)) },
    disk: { half: Math.ceil(size), at: (y, x) => Math.min(1, Math.max(0, size + 0.5 - Math.hypot(y, x))) },
    motion: { half: Math.ceil(size / 2), at: (y, x) => onLine(y, x, size, (angle * Math.PI) / 180) },
  };
  const shape = Object.hasOwn(shapes, kind) ? shapes[kind] : undefined;
  const most = kind === "motion" ? 2 : 1;
  const isRight = shape && size > 0 && numbers.length <= most && Number.isFinite(angle) && shape.half <= largestHalf;
  if (!isRight) {
    throw new UsageError(
      `--blur is ${text}, expected gaussian:2 (standard deviation in pixels), disk:3 (radius) or motion:9:30 (length, ` +
        `degrees), with filters of at most ${2 * largestHalf + 1} pixels.`,
      "invalid_argument",
    );
  }
  const { half, at } = shape;
  const sides = Array.from({ length: 2 * half + 1 }, (_, i) => i - half);
  const rows = sides.map((y) => sides.map((x) => at(y, x)));
  const sum = rows.flat().reduce((a, b) => a + b, 0);
  return rows.map((row) => row.map((value) => value / sum));
}

/** How much of a pixel lies on a line of a length through the origin, linear within one pixel. */
function onLine(y: number, x: number, length: number, angle: number): number {
  const along = Math.abs(x * Math.cos(angle) - y * Math.sin(angle));
  const across = Math.abs(x * Math.sin(angle) + y * Math.cos(angle));
  return Math.max(0, 1 - across) * Math.min(1, Math.max(0, length / 2 + 0.5 - along));
}
