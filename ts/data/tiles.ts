import type { Pixels } from "../io/index.js";
import { checkFunction, checkNumber, checkOptions, ShapeError } from "../runtime/index.js";
import { checkPixels } from "./check-pixels.js";
import { cutPixels } from "./crop.js";

/** Options of {@link restoreByTiles}; all in pixels. */
export interface TileOptions {
  /** Side of a tile without its margins. Default: 256. */
  readonly tile?: number;
  /** Pixels around a tile that `restore` sees; of its result only those that are blended are taken. Default: 16. */
  readonly margin?: number;
  /** Pixels on each side of a border within which tiles are blended linearly; at most `margin`. Default: 0. */
  readonly blend?: number;
  /** Called after each tile with the number of its pixels, without margins. */
  readonly onTile?: ((pixels: number) => unknown) | undefined;
}

/**
 * Restores an image tile by tile, so that memory does not grow with the image.
 *
 * @param restore gives an image of the shape of its argument.
 * @param caller the function that messages name.
 * @throws ArgumentError `invalid_argument`, `unknown_option`; ShapeError `shape_mismatch` where `restore` changes the
 * shape.
 */
export async function restoreByTiles(
  image: Pixels,
  options: TileOptions,
  restore: (part: Pixels) => Promise<Pixels>,
  caller = "restoreByTiles",
): Promise<Pixels> {
  checkPixels(caller, image);
  checkOptions(caller, options, ["tile", "margin", "blend", "onTile"]);
  checkFunction(caller, "restore", restore);
  const { onTile } = options;
  if (onTile !== undefined) checkFunction(caller, "onTile", onTile);
  const tile = checkNumber(caller, "tile", options.tile ?? 256, { integer: true, positive: true });
  const margin = checkNumber(caller, "margin", options.margin ?? 16, { integer: true, min: 0 });
  const blend = checkNumber(caller, "blend", options.blend ?? 0, { integer: true, min: 0, max: margin });
  const [channels, rows, columns] = image.shape;
  const result = new Float32Array(image.data.length);
  for (let top = 0; top < rows; top += tile) {
    for (let left = 0; left < columns; left += tile) {
      const [y0, x0] = [Math.max(0, top - margin), Math.max(0, left - margin)];
      const [y1, x1] = [Math.min(rows, top + tile + margin), Math.min(columns, left + tile + margin)];
      const part = cutPixels(image, y0, x0, y1 - y0, x1 - x0);
      const restored = await restore(part);
      checkPixels(caller, restored);
      const { data, shape } = restored;
      if (shape.join() !== part.shape.join())
        throw new ShapeError(
          `${caller}: restore gives an image [${shape.join(", ")}], expected the shape of its argument, ` +
            `[${part.shape.join(", ")}].`,
          "shape_mismatch",
        );
      const [down, across] = [blendWeights(top, tile, rows, blend), blendWeights(left, tile, columns, blend)];
      for (let c = 0; c < channels; c++) {
        for (const [i, rowWeight] of down) {
          const [from, to] = [(c * (y1 - y0) + i - y0) * (x1 - x0) - x0, (c * rows + i) * columns];
          for (const [j, weight] of across)
            result[to + j] = (result[to + j] as number) + rowWeight * weight * (data[from + j] as number);
        }
      }
      await onTile?.(Math.min(tile, rows - top) * Math.min(tile, columns - left));
    }
  }
  return { data: result, shape: [channels, rows, columns] };
}

/** The positions to which a tile contributes, with its weights; the weights of neighbours add up to 1. */
function blendWeights(start: number, tile: number, length: number, blend: number): [number, number][] {
  const end = start + tile;
  const [first, last] = [start === 0 ? 0 : start - blend, end >= length ? length : Math.min(length, end + blend)];
  return Array.from({ length: last - first }, (_, k) => {
    const at = first + k;
    // Near a border the weight rises linearly from 0 to 1, or falls to 0.
    const rise = start === 0 || at >= start + blend ? 1 : (at - start + blend + 0.5) / (2 * blend);
    const fall = end >= length || at < end - blend ? 1 : (end + blend - at - 0.5) / (2 * blend);
    return [at, rise * fall];
  });
}
