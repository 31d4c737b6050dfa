import { uniformValues, type RandomSource } from "../random/index.js";
import { ArgumentError } from "../runtime/index.js";
import { tensor, type Tensor } from "../tensor/index.js";

/**
 * Refuses negative measurements under Poisson noise, whose counts are never negative.
 *
 * Checked on the CPU only, where values can be read synchronously.
 *
 * @throws ArgumentError `invalid_argument`.
 */
export function checkCounts(caller: string, y: Tensor): void {
  if (y.device !== "cpu" || y.size === 0) return;
  const least = y.detach().min().itemSync();
  if (!(least < 0)) return;
  throw new ArgumentError(
    `${caller}: y has an entry of ${least}, but measurements under Poisson noise are counts times the gain, never ` +
      "below 0; clamp them, or use SurePGLoss where there is Gaussian noise too.",
    "invalid_argument",
  );
}

/**
 * Weights of the pixels whose counts are lowered together, shape `[1, ...]`: a grid with one pixel in every `spacing`
 * along each of the last two dimensions of `y` `[B, ...]`, with a random offset and a random channel for each pixel;
 * 0 elsewhere. The expected weight of each entry is 1.
 */
export function gridWeights(y: Tensor, spacing: number, rng: RandomSource): Tensor {
  const sizes = y.shape.slice(1);
  const [height, width] = sizes.length > 1 ? (sizes.slice(-2) as [number, number]) : [1, sizes[0] ?? 1];
  const channels = sizes.slice(0, -2).reduce((a, b) => a * b, 1);
  // A side shorter than the spacing holds at most one row or column of the grid.
  const [top, left] = Array.from(uniformValues(rng, [2]), (u) => Math.floor(u * spacing)) as [number, number];
  const [first, step] = height === 1 ? [0, 1] : [top, spacing];
  const [rows, columns] = [
    Math.max(0, Math.ceil((height - first) / step)),
    Math.max(0, Math.ceil((width - left) / spacing)),
  ];
  const chosen = uniformValues(rng, [rows * columns + 1]);
  const weights = new Float64Array(channels * height * width);
  for (let k = 0; k < rows * columns; k++) {
    const [i, j] = [first + step * Math.floor(k / columns), left + spacing * (k % columns)];
    weights[(Math.floor((chosen[k] as number) * channels) * height + i) * width + j] = channels * step * spacing;
  }
  return tensor(weights, { shape: [1, ...sizes], dtype: y.dtype, device: y.device });
}
