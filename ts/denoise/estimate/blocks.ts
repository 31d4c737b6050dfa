import type { Pixels } from "../../io/index.js";

/** Side of a block. */
export const side = 8;

/** From this sum of their two indices on, coefficients of the cosine transform are high frequencies. */
const highFrom = 9;

/** Numbers of low frequencies without the mean, and of high ones. */
export const counts = { low: 42, high: 21 } as const;

/** At most about so many blocks are measured. */
const mostBlocks = 60_000;

/** What is measured on each block: one entry a block. */
export interface Blocks {
  readonly mean: Float64Array;
  /** Mean square of the low frequencies without the mean. */
  readonly low: Float64Array;
  /** Mean square of the high frequencies. */
  readonly high: Float64Array;
  /** Mean product of neighbouring pixels without the mean of the block. */
  readonly neighbours: Float64Array;
  /** Share of the pixels at an end of the range. */
  readonly clipped: Float64Array;
  /** Blocks that count as one, because they overlap. */
  readonly overlap: number;
}

/** The orthonormal cosine transform: `basis[k][i] = c_k cos((2 i + 1) k pi / 16)`. */
const basis = Array.from({ length: side }, (_, k) =>
  Float64Array.from(
    { length: side },
    (_, i) => Math.sqrt((k === 0 ? 1 : 2) / side) * Math.cos(((2 * i + 1) * k * Math.PI) / (2 * side)),
  ),
);

/**
 * Blocks of 8 x 8 pixels of images, all channels, with the energies of their low and high frequencies. White noise has
 * the same variance in each, independent of each other; images have little energy in the high ones.
 */
export function measureBlocks(images: readonly Pixels[], low: number | undefined, high: number | undefined): Blocks {
  const places = images.reduce((sum, { data }) => sum + data.length, 0);
  // Odd steps visit each position relative to the blocks of a JPEG file.
  const step = Math.max(3, 2 * Math.ceil(Math.sqrt(places / mostBlocks) / 2) + 1);
  const [mean, lows, highs, neighbours, clipped] = Array.from({ length: 5 }, (): number[] => []) as Columns;
  const pixels = new Float64Array(side * side);
  for (const { data, shape } of images) {
    const [channels, rows, columns] = shape;
    for (let c = 0; c < channels; c++) {
      for (let top = 0; top + side <= rows; top += step) {
        for (let left = 0; left + side <= columns; left += step) {
          let atEnd = 0;
          for (let i = 0; i < side; i++) {
            const start = (c * rows + top + i) * columns + left;
            for (let j = 0; j < side; j++) {
              const value = data[start + j] as number;
              pixels[i * side + j] = value;
              if (value === low || value === high) atEnd += 1;
            }
          }
          const energies = blockEnergies(pixels);
          mean.push(energies.mean);
          lows.push(energies.low);
          highs.push(energies.high);
          neighbours.push(neighbourProduct(pixels, energies.mean));
          clipped.push(atEnd / (side * side));
        }
      }
    }
  }
  return {
    mean: Float64Array.from(mean),
    low: Float64Array.from(lows),
    high: Float64Array.from(highs),
    neighbours: Float64Array.from(neighbours),
    clipped: Float64Array.from(clipped),
    overlap: Math.max(1, (side / step) ** 2),
  };
}

/** Lists of the entries of {@link Blocks}, while they grow. */
type Columns = [number[], number[], number[], number[], number[]];

function neighbourProduct(pixels: Float64Array, mean: number): number {
  let sum = 0;
  for (let i = 0; i < side; i++) {
    for (let j = 1; j < side; j++) {
      sum += ((pixels[i * side + j] as number) - mean) * ((pixels[i * side + j - 1] as number) - mean);
      sum += ((pixels[j * side + i] as number) - mean) * ((pixels[(j - 1) * side + i] as number) - mean);
    }
  }
  return sum / (2 * side * (side - 1));
}

const half = new Float64Array(side * side);

/** Mean, and mean squares of low and high frequencies, of a block. */
function blockEnergies(pixels: Float64Array): { mean: number; low: number; high: number } {
  for (let i = 0; i < side; i++) {
    for (let k = 0; k < side; k++) {
      const row = basis[k] as Float64Array;
      let sum = 0;
      for (let j = 0; j < side; j++) sum += (row[j] as number) * (pixels[i * side + j] as number);
      half[i * side + k] = sum;
    }
  }
  let [low, high, mean] = [0, 0, 0];
  for (let l = 0; l < side; l++) {
    const column = basis[l] as Float64Array;
    for (let k = 0; k < side; k++) {
      let sum = 0;
      for (let i = 0; i < side; i++) sum += (column[i] as number) * (half[i * side + k] as number);
      if (k + l === 0) mean = sum / side;
      else if (k + l >= highFrom) high += sum * sum;
      else low += sum * sum;
    }
  }
  return { mean, low: low / counts.low, high: high / counts.high };
}
