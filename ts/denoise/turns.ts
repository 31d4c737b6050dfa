import type { Pixels } from "../io/index.js";

/** Symmetries of the square: flips and turns. */
export const SYMMETRIES = 8;

/** An image by a symmetry of the square, numbered by three bits: flip left-right, flip up-down, then transpose. */
export function turnPixels({ data, shape }: Pixels, symmetry: number): Pixels {
  const [channels, rows, columns] = shape;
  const isTransposed = (symmetry & 4) !== 0;
  const [height, width] = isTransposed ? [columns, rows] : [rows, columns];
  const result = new Float32Array(data.length);
  // Where the first pixel of a channel comes from, and how far apart in `data` neighbours are.
  const first = (symmetry & 2 ? (rows - 1) * columns : 0) + (symmetry & 1 ? columns - 1 : 0);
  const [alongColumn, alongRow] = [symmetry & 2 ? -columns : columns, symmetry & 1 ? -1 : 1];
  const [down, right] = isTransposed ? [alongRow, alongColumn] : [alongColumn, alongRow];
  let to = 0;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < height; i++) {
      let from = c * rows * columns + first + i * down;
      for (let j = 0; j < width; j++, from += right) result[to++] = data[from] as number;
    }
  }
  return { data: result, shape: [channels, height, width] };
}

/** Undoes {@link turnPixels}. */
export function turnBack(image: Pixels, symmetry: number): Pixels {
  // After a transposition the two flips have changed places.
  const isTransposed = (symmetry & 4) !== 0;
  const flips = symmetry & 3;
  return turnPixels(image, isTransposed ? 4 | ((flips & 1) << 1) | (flips >> 1) : flips);
}
