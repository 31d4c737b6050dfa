import type { Pixels } from "../io/index.js";
import { ArgumentError, shown } from "../runtime/index.js";
import { checkImages } from "./check-images.js";

/**
 * Fills missing pixels with means over their surroundings, of the smallest scale at which there are any: an image of
 * half the size has the means of the present pixels of each 2 x 2 cell, and gives what its cells lack.
 */
export function fillMissing({ data, shape }: Pixels, mask: Float32Array): Pixels {
  const [channels, rows, columns] = shape;
  const plane = rows * columns;
  const result = Float32Array.from(data);
  for (let c = 0; c < channels; c++) {
    const values = data.subarray(c * plane, (c + 1) * plane);
    result.set(filled(values, mask, rows, columns), c * plane);
  }
  return { data: result, shape };
}

function filled(values: Float32Array, mask: Float32Array, rows: number, columns: number): Float32Array {
  const result = Float32Array.from(values, (value, i) => (mask[i] === 0 ? 0 : value));
  if (!mask.includes(0) || (rows === 1 && columns === 1)) return result;
  const [h, w] = [Math.ceil(rows / 2), Math.ceil(columns / 2)];
  const [sums, counts] = [new Float32Array(h * w), new Float32Array(h * w)];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      if (mask[i * columns + j] === 0) continue;
      const at = (i >> 1) * w + (j >> 1);
      sums[at] = (sums[at] as number) + (values[i * columns + j] as number);
      counts[at] = (counts[at] as number) + 1;
    }
  }
  const coarse = filled(
    sums.map((sum, i) => sum / Math.max(1, counts[i] as number)),
    counts,
    h,
    w,
  );
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      if (mask[i * columns + j] === 0) result[i * columns + j] = coarse[(i >> 1) * w + (j >> 1)] as number;
    }
  }
  return result;
}

/**
 * Standard deviation of the noise from cells of 2 x 2 pixels that are all present:
 * `median |p - q - r + s| / 2 / 0.6745` (Donoho, Johnstone, 1994, doi:10.1093/biomet/81.3.425); 0 where there are none.
 */
export function presentLevel(image: Pixels, mask: Float32Array): number {
  checkImages("denoise.presentLevel", [image]);
  const { data, shape } = image;
  const [channels, rows, columns] = shape;
  const plane = rows * columns;
  if (!(mask instanceof Float32Array) || mask.length !== plane) {
    throw new ArgumentError(
      `denoise.presentLevel: mask is ${shown(mask)}, expected a Float32Array of ${plane} values, ` +
        "0 where a pixel is missing.",
      "invalid_argument",
    );
  }
  const differences: number[] = [];
  for (let i = 0; i + 1 < rows; i++) {
    for (let j = 0; j + 1 < columns; j++) {
      const at = [0, 1, columns, columns + 1].map((step) => i * columns + j + step);
      if (at.some((k) => mask[k] === 0)) continue;
      for (let c = 0; c < channels; c++) {
        const [p, q, r, s] = at.map((k) => data[c * plane + k] as number) as [number, number, number, number];
        differences.push(Math.abs(p - q - r + s) / 2);
      }
    }
  }
  const sorted = Float64Array.from(differences).sort();
  return (sorted[Math.floor(sorted.length / 2)] ?? 0) / 0.6745;
}
