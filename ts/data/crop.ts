import type { Pixels } from "../io/index.js";

/** A rectangle of an image. */
export function cutPixels(image: Pixels, top: number, left: number, height: number, width: number): Pixels {
  const [channels, rows, columns] = image.shape;
  const data = new Float32Array(channels * height * width);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < height; i++) {
      const start = (c * rows + top + i) * columns + left;
      data.set(image.data.subarray(start, start + width), (c * height + i) * width);
    }
  }
  return { data, shape: [channels, height, width] };
}
