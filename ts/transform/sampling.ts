import { ArgumentError } from "../runtime/index.js";
import { cat, ops, tensor, type Tensor } from "../tensor/index.js";

/** How values between pixels are found. */
export type Interpolation = "nearest" | "bilinear" | "bicubic";

/** What lies outside the image: zeros, the border repeated, or the image mirrored at the centres of its outer pixels. */
export type Outside = "zeros" | "border" | "reflection";

const MODES: Readonly<Record<Interpolation, number>> = { bilinear: 0, nearest: 1, bicubic: 2 };
const OUTSIDE: Readonly<Record<Outside, number>> = { zeros: 0, border: 1, reflection: 2 };

/** Refuses an unknown word among options. */
export function checkWord<W extends string>(caller: string, name: string, word: W, words: readonly W[]): W {
  if (words.includes(word)) return word;
  throw new ArgumentError(`${caller}: ${name} is ${JSON.stringify(word)}, expected one of ${words.map((w) => JSON.stringify(w)).join(", ")}.`, "invalid_argument");
}

export const INTERPOLATIONS = Object.keys(MODES) as readonly Interpolation[];
export const OUTSIDES = Object.keys(OUTSIDE) as readonly Outside[];

/** From which row and column of the source each pixel of the output comes. */
export interface Positions {
  /** Height and width of the output. */
  readonly size: readonly [number, number];
  readonly rows: Float64Array;
  readonly columns: Float64Array;
}

/** Positions from a rule `(row, column) -> [row, column]`. */
export function positions(size: readonly [number, number], rule: (row: number, column: number) => readonly [number, number]): Positions {
  const [height, width] = size;
  const rows = new Float64Array(height * width);
  const columns = new Float64Array(height * width);
  for (let i = 0, k = 0; i < height; i++) {
    for (let j = 0; j < width; j++, k++) {
      const [row, column] = rule(i, j);
      rows[k] = row;
      columns[k] = column;
    }
  }
  return { size, rows, columns };
}

/**
 * The images `[B, C, H, W]` at given positions, one set for all or one for each image.
 *
 * Positions are host numbers in double precision: mirrors and nearest pixels are decided there, so that they are the same on each device.
 */
export function sampleAt(x: Tensor, at: readonly Positions[], mode: Interpolation, outside: Outside): Tensor {
  const [b = 1, c = 1, h = 1, w = 1] = x.shape;
  if (at.length === 1) {
    // One set of positions: images are channels of one, and the positions are not repeated.
    const place = at[0] as Positions;
    return sampled(x.reshape([1, b * c, h, w]), place, mode, outside).reshape([b, c, ...place.size]);
  }
  return cat(at.map((place, i) => sampled(x.slice([i, 0, 0, 0], [i + 1, c, h, w]), place, mode, outside)), 0);
}

function sampled(x: Tensor, at: Positions, mode: Interpolation, outside: Outside): Tensor {
  const [h = 1, w = 1] = x.shape.slice(-2);
  const fold = outside === "reflection" ? mirrored : (v: number) => v;
  const rows = at.rows.map((row) => fold(row, h));
  const columns = at.columns.map((column) => fold(column, w));
  if (mode === "nearest") return nearest(x, at.size, rows, columns, outside);
  // Mirrored positions lie inside; their neighbours are mirrored at the centres of the outer pixels, the corners of the grid then.
  const corners = outside === "reflection";
  const unit = (v: number, n: number) => (corners ? (n > 1 ? (2 * v) / (n - 1) - 1 : 0) : (2 * v + 1) / n - 1);
  const grid = new Float64Array(2 * rows.length);
  rows.forEach((row, k) => {
    grid[2 * k] = unit(columns[k] as number, w);
    grid[2 * k + 1] = unit(row, h);
  });
  const { dtype, device } = x;
  return ops.gridSample(x, tensor(grid, { shape: [1, ...at.size, 2], dtype, device }), MODES[mode], OUTSIDE[outside], corners);
}

/** The pixel nearest to each position; halves go to the even one, as in IEEE arithmetic. */
function nearest(x: Tensor, size: readonly [number, number], rows: Float64Array, columns: Float64Array, outside: Outside): Tensor {
  const [b = 1, c = 1, h = 1, w = 1] = x.shape;
  const inside = new Float64Array(rows.length);
  const index = rows.map((value, k) => {
    const [row, column] = [halfToEven(value), halfToEven(columns[k] as number)];
    inside[k] = row >= 0 && row < h && column >= 0 && column < w ? 1 : 0;
    return clamp(row, h) * w + clamp(column, w);
  });
  // float32 does not tell the pixels of an image of more than 2^24 apart.
  const dtype = x.device === "cpu" ? "float64" : "float32";
  const picked = x.reshape([b, c, h * w]).indexSelect(tensor(index, { dtype, device: x.device }), 2).reshape([b, c, ...size]);
  if (outside !== "zeros" || inside.every((v) => v === 1)) return picked;
  return picked.mul(tensor(inside, { shape: [...size], dtype: x.dtype, device: x.device }));
}

function clamp(v: number, n: number): number {
  return Math.min(Math.max(v, 0), n - 1);
}

function halfToEven(v: number): number {
  // Positions that rounding errors have moved off a half are halves: sines and cosines differ between machines in the last digit.
  const snapped = Math.round(v * 2 ** 20) / 2 ** 20;
  const floor = Math.floor(snapped);
  return snapped - floor === 0.5 ? floor + (Math.abs(floor) % 2) : Math.round(snapped);
}

/** Mirrors a position into [0, n - 1] at both ends. */
function mirrored(v: number, n: number): number {
  const span = n - 1;
  if (span === 0) return 0;
  const within = Math.abs(v) % (2 * span);
  return within > span ? 2 * span - within : within;
}
