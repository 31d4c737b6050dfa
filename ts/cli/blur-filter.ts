import { diskBlur, gaussianBlur, motionBlur } from "../physics/index.js";
import type { Tensor } from "../tensor/index.js";
import { UsageError } from "./errors.js";

/** Largest side of a filter. */
const largestSide = 201;

/** The filter of a kind of blur, by its numbers. */
const kinds: Readonly<Record<string, { readonly most: number; make(size: number, angle: number): Tensor }>> = {
  gaussian: {
    most: 1,
    make: (sigma) => gaussianBlur({ sigma, size: [2 * Math.ceil(3 * sigma) + 1, 2 * Math.ceil(3 * sigma) + 1] }),
  },
  disk: { most: 1, make: (radius) => diskBlur({ radius }) },
  motion: { most: 2, make: (length, angle) => motionBlur({ length, angle }) },
};

/**
 * The filter of a text such as `gaussian:2`, `disk:3` or `motion:9:30`: rows of numbers of sum 1.
 *
 * @throws UsageError where the text is none of these.
 */
export function blurFilter(text: string): number[][] {
  const [name = "", ...numbers] = text.split(":");
  const [size = Number.NaN, angle = 0] = numbers.map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (!kind || !(size > 0 && size <= largestSide / 2) || numbers.length > kind.most || !Number.isFinite(angle))
    throw wrong(text);
  const filter = kind.make(size, angle);
  const [, , rows, columns] = filter.shape as [number, number, number, number];
  const values = Array.from(filter.dataSync());
  filter.dispose();
  if (rows > largestSide) throw wrong(text);
  return Array.from({ length: rows }, (_, i) => values.slice(i * columns, (i + 1) * columns));
}

const wrong = (text: string): UsageError =>
  new UsageError(
    `--blur is ${text}, expected gaussian:2 (standard deviation), disk:3 (radius) or motion:9:30 (length, degrees), ` +
      `with filters of at most ${largestSide}x${largestSide} pixels.`,
    "invalid_argument",
  );
