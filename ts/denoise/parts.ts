import { cutPixels } from "../data/index.js";
import type { Pixels } from "../io/index.js";

/** Side of a part in pixels, without its margins. */
export const partSide = 512;

/**
 * Restores an image part by part, so that memory does not grow with the image.
 *
 * @param margin pixels around a part, which `restore` sees and which are not taken from its result.
 * @param onPart called after each part with the number of its pixels, without margins.
 */
export async function restoreParts(
  image: Pixels,
  margin: number,
  restore: (part: Pixels) => Promise<Pixels>,
  onPart: (pixels: number) => Promise<void>,
): Promise<Pixels> {
  const [channels, rows, columns] = image.shape;
  const result = new Float32Array(image.data.length);
  for (let top = 0; top < rows; top += partSide) {
    for (let left = 0; left < columns; left += partSide) {
      const [y0, x0] = [Math.max(0, top - margin), Math.max(0, left - margin)];
      const [bottom, right] = [Math.min(rows, top + partSide), Math.min(columns, left + partSide)];
      const [height, width] = [Math.min(rows, bottom + margin) - y0, Math.min(columns, right + margin) - x0];
      const { data } = await restore(cutPixels(image, y0, x0, height, width));
      for (let c = 0; c < channels; c++) {
        for (let i = top; i < bottom; i++) {
          const start = (c * height + i - y0) * width - x0;
          result.set(data.subarray(start + left, start + right), (c * rows + i) * columns + left);
        }
      }
      await onPart((bottom - top) * (right - left));
    }
  }
  return { data: result, shape: [channels, rows, columns] };
}
