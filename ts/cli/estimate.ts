import type { Pixels } from "../io/index.js";

/** Noise models whose level can be estimated from one image. */
export type EstimableNoise = "gaussian" | "poisson" | "gamma";

/** The median of |z| for a standard normal z. */
const normalMedian = 0.6745;

/**
 * The noise level of one image: the standard deviation (gaussian), the gain (poisson) or the number of looks l (gamma).
 *
 * In every 2x2 cell the difference d = (a - b - c + d) / 2 cancels what is smooth and keeps the noise's variance; the median over all cells is
 * not moved by the few that hold edges: sigma = median |d| / 0.6745 (Donoho, Johnstone, 1994). For Poisson noise the variance is gain * mean
 * and for gamma noise mean^2 / l, so d is first divided by sqrt(mean) or mean of its cell.
 */
export function estimateNoise(image: Pixels, noise: EstimableNoise): number {
  const [channels, height, width] = image.shape;
  const { data } = image;
  const values: number[] = [];
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i + 1 < height; i += 2) {
      for (let j = 0; j + 1 < width; j += 2) {
        const at = (c * height + i) * width + j;
        const [p, q, r, s] = [data[at], data[at + 1], data[at + width], data[at + width + 1]] as [number, number, number, number];
        const mean = (p + q + r + s) / 4;
        if (noise !== "gaussian" && mean <= 0.02) continue;
        const scale = noise === "gaussian" ? 1 : noise === "poisson" ? Math.sqrt(mean) : mean;
        values.push(Math.abs(p - q - r + s) / 2 / scale);
      }
    }
  }
  if (values.length === 0) return 0;
  values.sort((a, b) => a - b);
  const deviation = (values[Math.floor(values.length / 2)] as number) / normalMedian;
  if (noise === "gaussian") return deviation;
  return noise === "poisson" ? deviation ** 2 : 1 / deviation ** 2;
}
