import { ShapeError } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";

/** Mean over every dimension but the batch: `[B, ...]` to `[B]`. */
export function meanPerImage(t: Tensor): Tensor {
  const entries = t.shape.slice(1).reduce((a, b) => a * b, 1);
  return t.reshape([t.shape[0] ?? 1, entries]).mean(1);
}

/**
 * A noise level shaped to multiply tensors like `y`: one number, one value for all images, one value for each image
 * (shape `[B]`), or a tensor that already has the rank of `y`.
 *
 * @throws ShapeError `shape_mismatch`.
 */
export function levelLike(level: number | Tensor, y: Tensor, caller: string): number | Tensor {
  if (typeof level === "number") return level;
  const rank = y.shape.length;
  const placed = level.to(y.device).to(y.dtype);
  if (level.shape.length === rank) return placed;
  if (level.size === 1) return placed.reshape(new Array<number>(rank).fill(1));
  if (level.size === y.shape[0]) return placed.reshape([level.size, ...new Array<number>(rank - 1).fill(1)]);
  throw new ShapeError(
    `${caller}: a noise level of shape [${level.shape.join(", ")}] fits neither one value nor one for each of the ` +
      `${y.shape[0] ?? 0} images of y (shape [${y.shape.join(", ")}]).`,
    "shape_mismatch",
  );
}
