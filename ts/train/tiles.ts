import { checkPixels, cutPixels } from "../data/index.js";
import type { Pixels } from "../io/index.js";
import { checkFunction, checkNumber, ShapeError } from "../runtime/index.js";
import { checkTensor, noGrad, tensor, type Tensor, tidy } from "../tensor/index.js";
import { yieldToEventLoop } from "./event-loop.js";

/**
 * Applies `restore` to an image tile by tile, so that memory does not grow with the image.
 *
 * Each tile is computed with `margin` pixels around it; with a margin of at least half the network's receptive field no
 * seams are visible. Where the result depends on the whole tile, as with an iterative inverse, neighbouring tiles
 * differ slightly: they are blended linearly within `blend` pixels on each side of their border.
 *
 * @param restore maps `[1, C, h, w]` to a tensor of the same shape.
 * @param tile side of a tile in pixels. Default: 256.
 * @param margin pixels around a tile. Default: 16.
 * @param blend at most `margin`. Default: 0.
 * @throws ArgumentError `invalid_argument`; ShapeError `shape_mismatch` where `restore` changes the shape.
 * @param onTile called after each tile with the number of its pixels, without margins.
 */
export async function restoreTiled(
  image: Pixels,
  restore: (y: Tensor) => Tensor,
  tile = 256,
  margin = 16,
  blend = 0,
  onTile?: (pixels: number) => unknown,
): Promise<Pixels> {
  const caller = "restoreTiled";
  checkPixels(caller, image);
  checkFunction(caller, "restore", restore);
  checkNumber(caller, "tile", tile, { integer: true, positive: true });
  checkNumber(caller, "margin", margin, { integer: true, min: 0 });
  checkNumber(caller, "blend", blend, { integer: true, min: 0, max: margin });
  if (onTile !== undefined) checkFunction(caller, "onTile", onTile);
  const [channels, rows, columns] = image.shape;
  const result = new Float32Array(image.data.length);
  for (let top = 0; top < rows; top += tile) {
    for (let left = 0; left < columns; left += tile) {
      const [y0, x0] = [Math.max(0, top - margin), Math.max(0, left - margin)];
      const [y1, x1] = [Math.min(rows, top + tile + margin), Math.min(columns, left + tile + margin)];
      const input = cutPixels(image, y0, x0, y1 - y0, x1 - x0);
      const output = noGrad(() =>
        tidy(() => {
          const made = checkTensor(
            caller,
            "what restore gives",
            restore(tensor(input.data, { shape: [1, ...input.shape] })),
          );
          if (made.shape.join() === [1, ...input.shape].join()) return made;
          throw new ShapeError(
            `${caller}: restore gives a tensor [${made.shape.join(", ")}], expected the shape of its argument, ` +
              `[${[1, ...input.shape].join(", ")}].`,
            "shape_mismatch",
          );
        }),
      );
      const values = Float32Array.from(await output.data());
      output.dispose();
      const [down, across] = [blendWeights(top, tile, rows, blend), blendWeights(left, tile, columns, blend)];
      for (let c = 0; c < channels; c++) {
        for (const [i, rowWeight] of down) {
          const [from, to] = [(c * (y1 - y0) + i - y0) * (x1 - x0) - x0, (c * rows + i) * columns];
          for (const [j, weight] of across)
            result[to + j] = (result[to + j] as number) + rowWeight * weight * (values[from + j] as number);
        }
      }
      // Tiles keep the thread busy: signals and other work have their turn here.
      await yieldToEventLoop();
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
