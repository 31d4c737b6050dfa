import type { Pixels } from "../io/index.js";
import { checkWord } from "../runtime/index.js";
import { checkPixels } from "./check-pixels.js";

/** Noise models whose level {@link estimateNoise} estimates. */
export type EstimableNoise = (typeof ESTIMABLE)[number];
const ESTIMABLE = ["gaussian", "poisson", "gamma"] as const;

/**
 * Refuses another noise.
 *
 * @throws ArgumentError `invalid_argument`.
 */
export function checkEstimable(caller: string, noise: unknown): void {
  checkWord(caller, "noise", noise, ESTIMABLE);
}

/** Median of |z| for a standard normal z. */
const medianAbsNormal = 0.6745;

/** Side of the blocks that are ranked by their number of clipped pixels. */
const blockSize = 8;

/**
 * Estimates the noise level of one image: the standard deviation (gaussian), the gain (poisson) or the number of looks
 * l (gamma).
 *
 * In every 2x2 cell with pixels p, q, r, s the difference `d = (p - q - r + s) / 2` cancels linear image content and
 * has the variance of the noise. The median over all cells is robust to those with edges:
 * `sigma = median |d| / 0.6745` (Donoho, Johnstone, 1994, Biometrika, doi:10.1093/biomet/81.3.425). The variance is
 * `gain mean` for Poisson noise and `mean^2 / l` for gamma noise, so d is first divided by the square root of the mean
 * or by the mean of its cell.
 *
 * Image files clip noise in nearly black and white regions. Only blocks with at most one pixel at an end of the range
 * are used, but at least the fifth of all blocks with the fewest.
 *
 * @returns the level; 0 where no cell can be used.
 * @throws ArgumentError `invalid_argument` where `image` is no image or the noise none of these.
 */
export function estimateNoise(image: Pixels, noise: EstimableNoise): number {
  checkPixels("estimateNoise", image);
  checkEstimable("estimateNoise", noise);
  const [channels, height, width] = image.shape;
  const blocks: Block[] = [];
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i + 1 < height; i += blockSize) {
      for (let j = 0; j + 1 < width; j += blockSize) blocks.push(measureBlock(image, noise, c, i, j));
    }
  }
  blocks.sort((a, b) => a.clipped - b.clipped);
  const firstClipped = blocks.findIndex(({ clipped }) => clipped > 1);
  const unclipped = firstClipped < 0 ? blocks.length : firstClipped;
  const values = blocks.slice(0, Math.max(unclipped, Math.ceil(blocks.length / 5))).flatMap((block) => block.values);
  if (values.length === 0) return 0;
  values.sort((a, b) => a - b);
  const sigma = (values[Math.floor(values.length / 2)] as number) / medianAbsNormal;
  if (noise === "gaussian") return sigma;
  return noise === "poisson" ? sigma ** 2 : 1 / sigma ** 2;
}

/** A block of an image: its number of clipped pixels, and the scaled |d| of each 2x2 cell. */
interface Block {
  readonly clipped: number;
  readonly values: readonly number[];
}

function measureBlock(
  { data, shape: [, height, width] }: Pixels,
  noise: EstimableNoise,
  c: number,
  top: number,
  left: number,
): Block {
  const values: number[] = [];
  let clipped = 0;
  for (let i = top; i + 1 < Math.min(height, top + blockSize); i += 2) {
    for (let j = left; j + 1 < Math.min(width, left + blockSize); j += 2) {
      const start = (c * height + i) * width + j;
      const cell = [0, 1, width, width + 1].map((offset) => data[start + offset]) as [number, number, number, number];
      const [p, q, r, s] = cell;
      // Poisson and gamma noise are never negative: a 0 is not clipped.
      clipped += cell.filter((value) => value === 1 || (value === 0 && noise === "gaussian")).length;
      const mean = (p + q + r + s) / 4;
      if (noise !== "gaussian" && mean <= 0.02) continue;
      const scale = noise === "gaussian" ? 1 : noise === "poisson" ? Math.sqrt(mean) : mean;
      values.push(Math.abs(p - q - r + s) / 2 / scale);
    }
  }
  return { clipped, values };
}
