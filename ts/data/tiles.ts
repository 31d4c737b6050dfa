import { checkGroup, type Group } from "../distributed/index.js";
import type { Pixels } from "../io/index.js";
import { checkFunction, checkNumber, checkOptions, ShapeError } from "../runtime/index.js";
import { checkPixels } from "./check-pixels.js";
import { cutPixels } from "./crop.js";
import { pixelsInTurn } from "./pixels-in-turn.js";

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
  /**
   * Ranks that take the tiles in turn (docs/clusters.md), where `restore` draws nothing: every rank has the same image,
   * makes this call, and gets the whole result. Default: this program alone.
   */
  readonly group?: Group | undefined;
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
  checkOptions(caller, options, ["tile", "margin", "blend", "onTile", "group"]);
  checkFunction(caller, "restore", restore);
  const { onTile, group } = options;
  checkGroup(caller, group);
  if (onTile !== undefined) checkFunction(caller, "onTile", onTile);
  const tile = checkNumber(caller, "tile", options.tile ?? 256, { integer: true, positive: true });
  const margin = checkNumber(caller, "margin", options.margin ?? 16, { integer: true, min: 0 });
  const blend = checkNumber(caller, "blend", options.blend ?? 0, { integer: true, min: 0, max: margin });
  const [channels, rows, columns] = image.shape;
  const result = new Float32Array(image.data.length);
  const across = Math.ceil(columns / tile);
  const cornerOf = (index: number) => [Math.floor(index / across) * tile, (index % across) * tile] as const;
  const boxOf = (index: number) => {
    const [top, left] = cornerOf(index);
    const [y0, x0] = [Math.max(0, top - margin), Math.max(0, left - margin)];
    const [y1, x1] = [Math.min(rows, top + tile + margin), Math.min(columns, left + tile + margin)];
    return { y0, x0, height: y1 - y0, width: x1 - x0 };
  };
  const parts = pixelsInTurn(group, Math.ceil(rows / tile) * across, async (index) => {
    const { y0, x0, height, width } = boxOf(index);
    const restored = await restore(cutPixels(image, y0, x0, height, width));
    checkPixels(caller, restored);
    return restored;
  });
  let index = 0;
  for await (const { data, shape } of parts) {
    const { y0, x0, height, width } = boxOf(index);
    const [top, left] = cornerOf(index++);
    const expected = [channels, height, width];
    if (shape.join() !== expected.join())
      throw new ShapeError(
        `${caller}: restore gives an image [${shape.join(", ")}], expected the shape of its argument, ` +
          `[${expected.join(", ")}].`,
        "shape_mismatch",
      );
    const down = blendWeights(top, tile, rows, blend);
    const along = blendWeights(left, tile, columns, blend);
    for (let c = 0; c < channels; c++) {
      for (const [i, rowWeight] of down) {
        const [from, to] = [(c * height + i - y0) * width - x0, (c * rows + i) * columns];
        for (const [j, weight] of along)
          result[to + j] = (result[to + j] as number) + rowWeight * weight * (data[from + j] as number);
      }
    }
    await onTile?.(Math.min(tile, rows - top) * Math.min(tile, columns - left));
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
