import { cutPixels } from "../data/index.js";
import type { Pixels } from "../io/index.js";
import { noGrad, tensor, type Tensor, tidy } from "../tensor/index.js";

/**
 * Applies `restore` to an image tile by tile, so that memory does not grow with the image. Each tile is computed with `margin` pixels around it,
 * at least half the network's receptive field, so that no seams show.
 */
export async function restoreTiled(image: Pixels, restore: (y: Tensor) => Tensor, tile = 256, margin = 16): Promise<Pixels> {
  const [channels, rows, columns] = image.shape;
  const result = new Float32Array(image.data.length);
  for (let top = 0; top < rows; top += tile) {
    for (let left = 0; left < columns; left += tile) {
      const [y0, x0] = [Math.max(0, top - margin), Math.max(0, left - margin)];
      const [y1, x1] = [Math.min(rows, top + tile + margin), Math.min(columns, left + tile + margin)];
      const input = cutPixels(image, y0, x0, y1 - y0, x1 - x0);
      const output = noGrad(() => tidy(() => restore(tensor(input.data, { shape: [1, ...input.shape] }))));
      const values = Float32Array.from(await output.data());
      output.dispose();
      const [bottom, right] = [Math.min(rows, top + tile), Math.min(columns, left + tile)];
      for (let c = 0; c < channels; c++) {
        for (let i = top; i < bottom; i++) {
          const from = (c * (y1 - y0) + i - y0) * (x1 - x0) + left - x0;
          result.set(values.subarray(from, from + right - left), (c * rows + i) * columns + left);
        }
      }
    }
  }
  return { data: result, shape: [channels, rows, columns] };
}
