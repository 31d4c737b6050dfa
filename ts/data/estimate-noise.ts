import type { Pixels } from "../io/index.js";

/** Noise models whose level can be estimated from one image. */
export type EstimableNoise = "gaussian" | "poisson" | "gamma";

/** The median of |z| for a standard normal z. */
const normalMedian = 0.6745;

/** Side of the blocks that are judged by how much of them was clipped. */
const block = 8;

/**
 * The noise level of one image: the standard deviation (gaussian), the gain (poisson) or the number of looks l (gamma).
 *
 * In every 2x2 cell the difference d = (a - b - c + d) / 2 cancels what is smooth and keeps the noise's variance; the
 * median over all cells is not moved by the few that hold edges: sigma = median |d| / 0.6745 (Donoho, Johnstone, 1994).
 * For Poisson noise the variance is gain * mean and for gamma noise mean^2 / l, so d is first divided by sqrt(mean) or
 * mean of its cell.
 *
 * Where a picture is nearly black or white its file has cut the noise off. Only blocks with at most one pixel at an end
 * of the range count, but at least the better fifth of all.
 */
export function estimateNoise(image: Pixels, noise: EstimableNoise): number {
  const [channels, height, width] = image.shape;
  const blocks: { readonly clipped: number; readonly values: readonly number[] }[] = [];
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i + 1 < height; i += block) {
      for (let j = 0; j + 1 < width; j += block) blocks.push(cells(image, noise, c, i, j));
    }
  }
  blocks.sort((a, b) => a.clipped - b.clipped);
  const good = blocks.findIndex(({ clipped }) => clipped > 1);
  const values = blocks
    .slice(0, Math.max(good < 0 ? blocks.length : good, Math.ceil(blocks.length / 5)))
    .flatMap((one) => one.values);
  if (values.length === 0) return 0;
  values.sort((a, b) => a - b);
  const deviation = (values[Math.floor(values.length / 2)] as number) / normalMedian;
  if (noise === "gaussian") return deviation;
  return noise === "poisson" ? deviation ** 2 : 1 / deviation ** 2;
}

/** |d| of each 2x2 cell of a block, and how many of its pixels lie at an end of the range. */
function cells(
  { data, shape: [, height, width] }: Pixels,
  noise: EstimableNoise,
  c: number,
  top: number,
  left: number,
): { clipped: number; values: number[] } {
  const values: number[] = [];
  let clipped = 0;
  for (let i = top; i + 1 < Math.min(height, top + block); i += 2) {
    for (let j = left; j + 1 < Math.min(width, left + block); j += 2) {
      const at = (c * height + i) * width + j;
      const cell = [data[at], data[at + 1], data[at + width], data[at + width + 1]] as [number, number, number, number];
      const [p, q, r, s] = cell;
      // Counts and speckle are 0 for other reasons.
      clipped += cell.filter((value) => value === 1 || (value === 0 && noise === "gaussian")).length;
      const mean = (p + q + r + s) / 4;
      if (noise !== "gaussian" && mean <= 0.02) continue;
      const scale = noise === "gaussian" ? 1 : noise === "poisson" ? Math.sqrt(mean) : mean;
      values.push(Math.abs(p - q - r + s) / 2 / scale);
    }
  }
  return { clipped, values };
}
