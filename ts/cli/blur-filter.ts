import { diskBlur, gaussianBlur, motionBlur } from "../physics/index.js";
import type { Tensor } from "../tensor/index.js";
import { UsageError } from "./errors.js";

/** Largest half of the side of a filter. */
const largestHalf = 100;

interface Kind {
  /** How many numbers it has at most. */
  readonly most: number;
  /** Half of the side of its filter, for its first number. */
  half(size: number): number;
  make(size: number, angle: number, sides: readonly [number, number]): Tensor;
}

const kinds: Readonly<Record<string, Kind>> = {
  gaussian: {
    most: 1,
    half: (sigma) => Math.ceil(3 * sigma),
    make: (sigma, _, size) => gaussianBlur({ sigma, size }),
  },
  disk: { most: 1, half: Math.ceil, make: (radius, _, size) => diskBlur({ radius, size }) },
  motion: {
    most: 2,
    half: (length) => Math.ceil(length / 2),
    make: (length, angle, size) => motionBlur({ length, angle, size }),
  },
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
  const half = kind && size > 0 ? kind.half(size) : Number.NaN;
  if (!kind || !(half <= largestHalf) || numbers.length > kind.most || !Number.isFinite(angle)) {
    throw new UsageError(
      `--blur is ${text}, expected gaussian:2 (standard deviation), disk:3 (radius) or motion:9:30 (length, ` +
        `degrees), with filters of at most ${2 * largestHalf + 1} pixels.`,
      "invalid_argument",
    );
  }
  const side = 2 * half + 1;
  const filter = kind.make(size, angle, [side, side]);
  const values = Array.from(filter.dataSync());
  filter.dispose();
  return Array.from({ length: side }, (_, i) => values.slice(i * side, (i + 1) * side));
}
