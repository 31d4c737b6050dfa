import { uniformValues, type RandomSource } from "../random/index.js";
import { tensor, type Tensor } from "../tensor/index.js";

/**
 * Weights of the pixels whose counts are lowered at once: on a grid, every `spacing`-th pixel along the last two
 * dimensions of `y` `[B, ...]` and from a random place on, in one random channel each; elsewhere 0. Shape `[1, ...]`.
 * Each entry of an image has weight 1 in the mean over the draws.
 */
export function gridWeights(y: Tensor, spacing: number, rng: RandomSource): Tensor {
  const sizes = y.shape.slice(1);
  const [height, width] = sizes.length > 1 ? (sizes.slice(-2) as [number, number]) : [1, sizes[0] ?? 1];
  const channels = sizes.slice(0, -2).reduce((a, b) => a * b, 1);
  // A side shorter than the spacing holds one place of the grid at most.
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
