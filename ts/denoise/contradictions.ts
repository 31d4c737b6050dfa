import { checkPixels } from "../data/index.js";
import type { Pixels } from "../io/index.js";
import { ShapeError, checkObject } from "../runtime/index.js";
import { clippedMoments } from "./estimate/clipped-moments.js";
import { type NoiseEstimate, noiseFourthCumulant, noiseVariance } from "./noise-estimate.js";

/** Limits on what was removed, in units of the noise's: its standard deviation, if nothing else is said. */
const limits = {
  /** Of all pixels. A result that is no better than the noisy image has about 1.4. */
  whole: 1.3,
  /** Of blocks with the most structure. */
  structured: 1.8,
  /** Of means over blocks, against those of independent noise. */
  means: 2.5,
  /** Fourth moment of what was removed, for noise that has 3. Strokes of a text that are taken out raise it. */
  outliers: 4,
} as const;

/** Side of the blocks. */
const side = 8;

/**
 * What the data say against a restored image: sentences; none where it may be right.
 *
 * The difference of both images should be the noise: as large as it, also where the image has structure; independent
 * between pixels; without outliers that noise does not have; and without it there are less high frequencies than
 * before.
 *
 * @throws ShapeError `shape_mismatch`.
 */
export function contradictions(noisy: Pixels, clean: Pixels, noise: NoiseEstimate): string[] {
  checkPixels("denoise.contradictions", noisy);
  checkPixels("denoise.contradictions", clean);
  checkObject("denoise.contradictions", "noise", noise);
  if (noisy.shape.join() !== clean.shape.join()) {
    throw new ShapeError(
      `denoise.contradictions: the noisy image is [${noisy.shape.join(", ")}], the restored one ` +
        `[${clean.shape.join(", ")}], expected the same shape.`,
      "shape_mismatch",
    );
  }
  const wrong = clean.data.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) return [`value ${wrong} is ${clean.data[wrong]}.`];
  const blocks = compare(noisy, clean, noise);
  const sum = (of: (block: Block) => number, some = blocks): number => some.reduce((total, b) => total + of(b), 0);
  const ratio = (some: readonly Block[]): number =>
    Math.sqrt(
      sum((b) => b.removed, [...some]) /
        Math.max(
          Number.MIN_VALUE,
          sum((b) => b.expected, [...some]),
        ),
    );
  const structured = [...blocks].sort((a, b) => b.structure - a.structure).slice(0, Math.ceil(blocks.length / 10));
  // The mean of n independent values has the n-th part of their variance.
  const means = Math.sqrt(
    sum((b) => b.mean ** 2 * b.count) /
      Math.max(
        Number.MIN_VALUE,
        sum((b) => b.expected / b.count),
      ),
  );
  const found: string[] = [];
  const times = (value: number): string => `${Number(value.toPrecision(2))} times`;
  const whole = ratio(blocks);
  if (whole > limits.whole) found.push(`what was removed is ${times(whole)} as large as the noise.`);
  else if (ratio(structured) > limits.structured)
    found.push(
      `what was removed is ${times(ratio(structured))} as large as the noise where the picture has structure.`,
    );
  if (means > limits.means)
    found.push(`what was removed is no noise: its means over ${side}x${side} pixels are ${times(means)} too large.`);
  if (hasOutliers(blocks)) found.push("what was removed has outliers that noise does not have: it was detail.");
  const [before, after] = [sum((b) => b.roughBefore), sum((b) => b.roughAfter)];
  if (after > before) found.push("the result has more high frequencies than the picture had.");
  return found;
}

/** Whether the fourth moment of what was removed, of pixels that were not clipped, is above that of the noise. */
function hasOutliers(blocks: readonly Block[]): boolean {
  const sum = (of: (moments: Moments) => number): number =>
    blocks.reduce((total, { moments }) => total + of(moments), 0);
  const [second, secondExpected] = [sum((m) => m.second), sum((m) => m.secondExpected)];
  if (!(second > 0 && secondExpected > 0)) return false;
  const ratio = second / secondExpected;
  // Where more was removed than the noise, the level is wrong and not the shape: then in units of what was removed.
  // Where less was, half in these units: of an image that is partly left alone, most of what was removed is small.
  const unit = Math.max(ratio, ratio ** 2);
  const fourth = (3 * sum((m) => m.fourth)) / sum((m) => m.fourthExpected);
  // The mean of the fourth powers of n standard normal values has the variance 96 / n.
  const deviation = Math.sqrt(96 / sum((m) => m.count));
  if (fourth / unit > limits.outliers + 3 * deviation) return true;
  // Of a level that is too high all of what was removed is small. Then there are fewer clipped values than there
  // would be, and what was removed is seen in its own units.
  const clipped = sum((m) => m.clipped);
  const clippedExpected = sum((m) => m.clippedExpected);
  const isTooHigh = clippedExpected - 5 * Math.sqrt(clippedExpected) > 1.25 * clipped;
  return isTooHigh && fourth / ratio ** 2 > 2 * limits.outliers + 3 * deviation;
}

/**
 * Sums over pixels that were not clipped of the second and the fourth power of what was removed, and their
 * expectations; how many were clipped, and how many the noise would clip.
 */
interface Moments {
  readonly count: number;
  readonly clipped: number;
  readonly clippedExpected: number;
  readonly second: number;
  readonly secondExpected: number;
  readonly fourth: number;
  readonly fourthExpected: number;
}

/** Sums over a block of one channel. */
interface Block {
  readonly count: number;
  /** Squares of what was removed, and their expectation. */
  readonly removed: number;
  readonly expected: number;
  readonly moments: Moments;
  /** Mean of what was removed, without what clipping explains. */
  readonly mean: number;
  /** Variance of the restored image. */
  readonly structure: number;
  /** Squares of the highest frequency, before and after. */
  readonly roughBefore: number;
  readonly roughAfter: number;
}

/** At most about so many blocks are looked at. */
const mostBlocks = 20_000;

function compare(noisy: Pixels, clean: Pixels, noise: NoiseEstimate): Block[] {
  const [channels, rows, columns] = noisy.shape;
  const places = channels * Math.ceil(rows / side) * Math.ceil(columns / side);
  const every = Math.max(1, Math.ceil(places / mostBlocks));
  const blocks: Block[] = [];
  let place = 0;
  for (let c = 0; c < channels; c++) {
    for (let top = 0; top < rows; top += side) {
      for (let left = 0; left < columns; left += side) {
        if (place++ % every === 0) blocks.push(compareBlock(noisy, clean, noise, c, top, left));
      }
    }
  }
  return blocks;
}

function compareBlock(noisy: Pixels, clean: Pixels, noise: NoiseEstimate, c: number, top: number, left: number): Block {
  const [, rows, columns] = noisy.shape;
  const [bottom, right] = [Math.min(rows, top + side), Math.min(columns, left + side)];
  let [count, removed, expected, mean, values, squares, roughBefore, roughAfter] = [0, 0, 0, 0, 0, 0, 0, 0];
  const moments = {
    count: 0,
    clipped: 0,
    clippedExpected: 0,
    second: 0,
    secondExpected: 0,
    fourth: 0,
    fourthExpected: 0,
  };
  for (let i = top; i < bottom; i++) {
    for (let j = left; j < right; j++) {
      const at = (c * rows + i) * columns + j;
      const [y, x] = [noisy.data[at] as number, clean.data[at] as number];
      const noiseAt = noiseVariance(noise, x);
      const clippedNoise = clippedMoments(x, Math.sqrt(noiseAt), noise.clipLow, noise.clipHigh);
      count += 1;
      removed += (y - x) ** 2;
      moments.clippedExpected += clippedNoise.clipped;
      if (y === noise.clipLow || y === noise.clipHigh) moments.clipped += 1;
      else {
        moments.count += 1;
        moments.second += (y - x) ** 2;
        moments.secondExpected += noiseAt;
        moments.fourth += (y - x) ** 4;
        moments.fourthExpected += 3 * noiseAt ** 2 + noiseFourthCumulant(noise, x);
      }
      expected += clippedNoise.variance + (clippedNoise.mean - x) ** 2;
      mean += y - clippedNoise.mean;
      values += x;
      squares += x * x;
      if (i + 1 < bottom && j + 1 < right) {
        roughBefore += diagonal(noisy.data, at, columns) ** 2;
        roughAfter += diagonal(clean.data, at, columns) ** 2;
      }
    }
  }
  const structure = squares / count - (values / count) ** 2;
  return { count, removed, expected, moments, mean: mean / count, structure, roughBefore, roughAfter };
}

/** The difference of a cell of 2 x 2 pixels across. */
function diagonal(data: Float32Array, at: number, columns: number): number {
  const [p, q, r, s] = [at, at + 1, at + columns, at + columns + 1].map((index) => data[index] as number);
  return (p as number) - (q as number) - (r as number) + (s as number);
}
