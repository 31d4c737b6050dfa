import { checkFlag, checkList, checkNumber, LARGEST, checkObject } from "../runtime/index.js";
import type { Pixels } from "../io/index.js";
import { checkPixels } from "./check-pixels.js";
import { checkEstimable, type EstimableNoise } from "./estimate-noise.js";

/** A copy of an image with values mostly in [0, 1]; `pixels * factor + offset` is the image. */
export interface RobustScale {
  readonly pixels: Pixels;
  readonly offset: number;
  readonly factor: number;
  /** Smallest value, where the noise was clipped there. */
  readonly low: number | undefined;
  /** Largest value, where the noise was clipped there. */
  readonly high: number | undefined;
}

/** The range of the values of images without their outliers, and its ends where values pile up. */
export interface RobustRange {
  /** The 0.1 percent quantile. */
  readonly dark: number;
  /** The 99.9 percent quantile. */
  readonly bright: number;
  /** Smallest value, where the noise was clipped there. */
  readonly low: number | undefined;
  /** Largest value, where the noise was clipped there. */
  readonly high: number | undefined;
}

/** Share of the values that may lie beyond each end: hot and dead pixels do not count. */
const outliers = 0.001;

/** Quantiles are those of about so many values. */
const sampled = 1e6;

/** The range of the values of images, all together; see {@link robustScale}. */
export function robustRange(images: readonly Pixels[]): RobustRange {
  for (const image of checkList("robustRange", "images", images, LARGEST.batch)) checkPixels("robustRange", image);
  const total = images.reduce((sum, { data }) => sum + data.length, 0);
  const step = Math.max(1, Math.floor(total / sampled));
  const values: number[] = [];
  for (const { data } of images) for (let i = 0; i < data.length; i += step) values.push(data[i] as number);
  const sorted = Float32Array.from(values).sort();
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
  const [dark, bright] = [at(outliers), at(1 - outliers)];
  const range = bright - dark;
  // An end far outside is that of broken pixels, not of the range.
  const [low, high] = [pile(images, 1), pile(images, -1)];
  return {
    dark,
    bright,
    low: low !== undefined && dark - low <= range ? low : undefined,
    high: high !== undefined && high - bright <= range ? high : undefined,
  };
}

/**
 * Scales an image of any unit to [0, 1], as networks and noise levels expect it: the same picture with 8 bits, with 12
 * bits in 16, or as counts with an offset gives the same copy but for rounding.
 *
 * An end of the range where values pile up is where the noise was clipped: it becomes 0 or 1 exactly, which is what
 * `UnclippedDataset` redraws. Any other end is the 0.1 or 99.9 percent quantile, moved out by a twentieth of the range.
 * Poisson and gamma noise need their zero: their offset is 0.
 *
 * @throws ArgumentError `invalid_argument` where `image` is no image or the noise none of these.
 */
export function robustScale(image: Pixels, noise: EstimableNoise): RobustScale {
  checkPixels("robustScale", image);
  checkEstimable("robustScale", noise);
  const found = robustRange([image]);
  const isAnchored = noise !== "gaussian";
  const low = isAnchored ? undefined : found.low;
  const { high } = found;
  const { offset, factor } = unitRange({ ...found, low }, isAnchored);
  const pixels = { data: image.data.map((value) => (value - offset) / factor), shape: image.shape };
  return { pixels, offset, factor, low, high };
}

/**
 * The offset and factor of {@link robustScale}; with `isAnchored` the offset is 0.
 *
 * @throws ArgumentError `invalid_argument` where `range` is none.
 */
export function unitRange(range: RobustRange, isAnchored: boolean) {
  checkObject("unitRange", "range", range);
  const { dark, bright, low, high } = range;
  // NaN is a number here: what has values that are not finite is refused by those who know the image.
  for (const [name, value] of Object.entries({ dark, bright, low: low ?? dark, high: high ?? bright }))
    if (typeof value !== "number") checkNumber("unitRange", name, value);
  checkFlag("unitRange", "isAnchored", isAnchored, false);
  // An odd share: no value of the file falls on an end by chance.
  const margin = 0.0514159 * (bright - dark);
  const offset = isAnchored ? 0 : (low ?? dark - margin);
  return { offset, factor: (high ?? bright + margin) - offset || 1 };
}

/**
 * The smallest value (sign 1) or the largest (sign -1), where values pile up there: at least ten and 0.02 percent of
 * them, and at least twice as many as have the next value, which the tail of a distribution does not have.
 */
function pile(images: readonly Pixels[], sign: 1 | -1): number | undefined {
  let [end, next] = [Infinity, Infinity];
  let [count, nextCount, total] = [0, 0, 0];
  for (const { data } of images) {
    total += data.length;
    for (let i = 0; i < data.length; i++) {
      const value = sign * (data[i] as number);
      if (value > next) continue;
      if (value === end) count += 1;
      else if (value === next) nextCount += 1;
      else if (value < end) {
        [next, nextCount] = [end, count];
        [end, count] = [value, 1];
      } else [next, nextCount] = [value, 1];
    }
  }
  return count >= Math.max(10, 2e-4 * total) && count >= 2 * nextCount ? sign * end : undefined;
}
