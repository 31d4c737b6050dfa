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

/** Share of the values that may lie beyond each end: hot and dead pixels do not count. */
const outliers = 0.001;

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
  const sorted = Float32Array.from(image.data).sort();
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
  const [dark, bright] = [at(outliers), at(1 - outliers)];
  const range = bright - dark;
  const [smallest, largest] = [sorted[0] as number, sorted[sorted.length - 1] as number];
  const isAnchored = noise !== "gaussian";
  // An end far outside is that of broken pixels, not of the range.
  const low = !isAnchored && dark - smallest <= range && isPile(sorted, smallest, 1) ? smallest : undefined;
  const high = largest - bright <= range && isPile(sorted, largest, -1) ? largest : undefined;
  // An odd share: no value of the file falls on an end by chance.
  const margin = 0.0514159 * range;
  const offset = isAnchored ? 0 : (low ?? dark - margin);
  const factor = (high ?? bright + margin) - offset || 1;
  const pixels = { data: image.data.map((value) => (value - offset) / factor), shape: image.shape };
  return { pixels, offset, factor, low, high };
}

/**
 * Whether the values pile up at an end: at least ten and 0.02 percent of them, and at least twice as many as have the
 * next value, which the tail of a distribution does not have.
 */
function isPile(sorted: Float32Array, end: number, step: 1 | -1): boolean {
  let at = step === 1 ? 0 : sorted.length - 1;
  const run = (value: number | undefined): number => {
    let count = 0;
    for (; sorted[at] === value && at >= 0 && at < sorted.length; at += step) count += 1;
    return count;
  };
  const count = run(end);
  return count >= Math.max(10, 2e-4 * sorted.length) && count >= 2 * run(sorted[at]);
}
