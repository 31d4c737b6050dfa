import { tensor, type Tensor } from "../../ts/tensor/index.js";

/** Waves, edges and noise in [0, 1], or with seed 0 a disc; the same as in fixtures/make.py. */
export function image(seed: number, shape: readonly number[]): Tensor {
  const count = shape.reduce((product, side) => product * side, 1);
  const [height = 1, width = 1] = shape.slice(-2);
  let state = seed;
  const values = Float64Array.from({ length: count }, (_, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    if (seed === 0) {
      const distance = ((row % height) - height / 2) ** 2 + (column - width / 2) ** 2;
      return distance < (Math.min(height, width) / 3) ** 2 ? 1 : 0;
    }
    state = (1664525 * state + 1013904223) % 2 ** 32;
    const wave = Math.sin(0.35 * column + 0.1 * seed) * Math.cos(0.23 * row);
    const edge = (column + 2 * row) % 17 < 8 ? 0.15 : -0.15;
    return Math.min(1, Math.max(0, 0.5 + 0.25 * wave + edge + 0.2 * (state / 2 ** 32 - 0.5)));
  });
  return tensor(values, { shape });
}
