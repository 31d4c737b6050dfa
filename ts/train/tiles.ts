import { restoreByTiles } from "../data/index.js";
import type { Pixels } from "../io/index.js";
import { checkFunction, ShapeError } from "../runtime/index.js";
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
  checkFunction(caller, "restore", restore);
  const restorePart = async (part: Pixels): Promise<Pixels> => {
    const shape = [1, ...part.shape];
    const output = noGrad(() =>
      tidy(() => {
        const made = checkTensor(caller, "what restore gives", restore(tensor(part.data, { shape })));
        if (made.shape.join() === shape.join()) return made;
        throw new ShapeError(
          `${caller}: restore gives a tensor [${made.shape.join(", ")}], expected the shape of its argument, ` +
            `[${shape.join(", ")}].`,
          "shape_mismatch",
        );
      }),
    );
    try {
      const data = Float32Array.from(await output.data());
      // Tiles keep the thread busy: signals and other work have their turn here.
      await yieldToEventLoop();
      return { data, shape: part.shape };
    } finally {
      output.dispose();
    }
  };
  return await restoreByTiles(image, { tile, margin, blend, onTile }, restorePart, caller);
}
