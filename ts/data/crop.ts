import type { Pixels } from "../io/index.js";
import { checkNumber } from "../runtime/index.js";
import { checkPixels } from "./check-pixels.js";

/**
 * A rectangle of an image.
 *
 * @throws ArgumentError `invalid_argument` where it is not within the image.
 */
export function cutPixels(image: Pixels, top: number, left: number, height: number, width: number): Pixels {
  checkPixels("cutPixels", image);
  const [channels, rows, columns] = image.shape;
  checkNumber("cutPixels", "height", height, { integer: true, min: 0, max: rows });
  checkNumber("cutPixels", "width", width, { integer: true, min: 0, max: columns });
  checkNumber("cutPixels", "top", top, { integer: true, min: 0, max: rows - height });
  checkNumber("cutPixels", "left", left, { integer: true, min: 0, max: columns - width });
  const data = new Float32Array(channels * height * width);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < height; i++) {
      const start = (c * rows + top + i) * columns + left;
      data.set(image.data.subarray(start, start + width), (c * height + i) * width);
    }
  }
  return { data, shape: [channels, height, width] };
}
