import { ArgumentError, checkList, checkNumber, checkOptions, checkSize, LARGEST } from "../../runtime/index.js";
import { tensor, type Tensor } from "../../tensor/index.js";

const SIDE = { integer: true, min: 1, max: LARGEST.filterSide } as const;

/**
 * A filter `[1, 1, h, w]` of sum 1 with the weight `at(y, x)` at a pixel, in pixels from the centre.
 *
 * @param option the option from which the side follows, as messages name it.
 */
function filterOf(
  caller: string,
  [side, option]: readonly [number, string],
  size: readonly [number, number] | undefined,
  at: (y: number, x: number) => number,
): Tensor {
  if (size === undefined) checkSize(caller, "a filter side", side, LARGEST.filterSide, option);
  else for (const n of checkList(caller, "size", size, 2)) checkNumber(caller, "size", n, SIDE);
  const [h = side, w = side] = size ?? [];
  const values: number[] = [];
  for (let i = 0; i < h; i++) for (let j = 0; j < w; j++) values.push(at(i - (h - 1) / 2, j - (w - 1) / 2));
  const total = values.reduce((a, b) => a + b, 0);
  if (!(total > 0))
    throw new ArgumentError(
      `${caller}: no pixel of a filter of ${h}x${w} has a weight; take odd sides, or a larger ${option}.`,
      "invalid_argument",
    );
  return tensor(
    values.map((value) => value / total),
    { shape: [1, 1, h, w] },
  );
}

/**
 * Gaussian filter `[1, 1, h, w]` of sum 1, `sigma` along the height and width (or one for both), rotated by `angle`
 * degrees.
 *
 * Without `size` its sides are `2 floor(max(sigma) / 0.3 + 1) + 1`. No side may be above 2048, so that without `size`
 * sigma is at most 306.
 *
 * @throws ArgumentError `invalid_argument`, `unknown_option`.
 */
export function gaussianBlur(
  options: { sigma?: number | readonly [number, number]; angle?: number; size?: readonly [number, number] } = {},
): Tensor {
  const caller = "gaussianBlur";
  checkOptions(caller, options, ["sigma", "angle", "size"]);
  const { sigma = 1, size } = options;
  const angle = checkNumber(caller, "angle", options.angle ?? 0);
  const sigmas = Array.isArray(sigma) ? (sigma as readonly number[]) : [sigma as number, sigma as number];
  if (sigmas.length !== 2)
    throw new ArgumentError(`${caller}: sigma has ${sigmas.length} entries, expected one or two.`, "invalid_argument");
  const [sy, sx] = sigmas.map((s) => checkNumber(caller, "sigma", s, { positive: true })) as [number, number];
  const side = 2 * Math.floor(Math.max(sy, sx) / 0.3 + 1) + 1;
  const [cos, sin] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)];
  return filterOf(caller, [side, "sigma"], size, (y, x) => {
    const [u, v] = [cos * x - sin * y, sin * x + cos * y];
    return Math.exp(-0.5 * ((u / sx) ** 2 + (v / sy) ** 2));
  });
}

/** Points along each axis of a pixel, by which the share of its area in a disk is measured. */
const SAMPLES = 8;

/**
 * Filter of a lens out of focus, `[1, 1, h, w]` of sum 1: a disk of a radius in pixels, where a pixel at its edge
 * counts with the share of its area that the disk covers.
 *
 * Without `size` its sides are `2 ceil(radius - 1/2) + 1`. No side may be above 2048.
 *
 * @throws ArgumentError `invalid_argument`, `unknown_option`.
 */
export function diskBlur(options: { radius: number; size?: readonly [number, number] }): Tensor {
  const caller = "diskBlur";
  checkOptions(caller, options, ["radius", "size"]);
  const radius = checkNumber(caller, "radius", options.radius, { positive: true });
  const side = 2 * Math.ceil(Math.max(0, radius - 0.5)) + 1;
  const offsets = Array.from({ length: SAMPLES }, (_, k) => (k + 0.5) / SAMPLES - 0.5);
  return filterOf(caller, [side, "radius"], options.size, (y, x) => {
    const isInside = (a: number): number => offsets.filter((b) => Math.hypot(y + a, x + b) <= radius).length;
    // The middle counts for disks that are smaller than the distance of the points.
    return offsets.reduce((sum, a) => sum + isInside(a), y === 0 && x === 0 ? 1e-9 : 0);
  });
}

/**
 * Filter of a movement along a straight line, `[1, 1, h, w]` of sum 1: `length` pixels, `angle` degrees anticlockwise
 * from the horizontal. Along the line a pixel counts with the part of it that the line covers, across it linearly
 * within one pixel.
 *
 * Without `size` its sides are `2 ceil(length / 2) + 1`. No side may be above 2048. Default of `angle`: 0.
 *
 * @throws ArgumentError `invalid_argument`, `unknown_option`.
 */
export function motionBlur(options: { length: number; angle?: number; size?: readonly [number, number] }): Tensor {
  const caller = "motionBlur";
  checkOptions(caller, options, ["length", "angle", "size"]);
  const length = checkNumber(caller, "length", options.length, { positive: true });
  const radians = (checkNumber(caller, "angle", options.angle ?? 0) * Math.PI) / 180;
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
  return filterOf(caller, [2 * Math.ceil(length / 2) + 1, "length"], options.size, (y, x) => {
    const [along, across] = [Math.abs(x * cos - y * sin), Math.abs(x * sin + y * cos)];
    return Math.max(0, 1 - across) * Math.min(1, Math.max(0, length / 2 + 0.5 - along));
  });
}
