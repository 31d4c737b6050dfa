import { ShapeError } from "../runtime/index.js";
import { cat, hostValues, type Tensor } from "../tensor/index.js";

/** A noise parameter: one number, or a tensor with one value (shape `[]`) or one value per image (shape `[B]`). */
export type Level = number | Tensor;

/** A tensor on the device and of the element type of another one. */
export function matching(t: Tensor, like: Tensor): Tensor {
  const moved = t.device === like.device ? t : t.to(like.device);
  return moved.dtype === like.dtype ? moved : moved.to(like.dtype);
}

/**
 * A noise parameter made to multiply images shaped like `y`.
 *
 * Shapes `[]` and `[1]` hold for all images, `[B]` (or `[B, 1]`, ...) for one each; a tensor of the rank of `y`
 * broadcasts to it.
 *
 * @throws ShapeError `shape_mismatch`.
 */
export function perImage(caller: string, name: string, level: Level, y: Tensor): Level {
  if (typeof level === "number") return level;
  const rank = y.shape.length;
  let result = level;
  if (level.shape.length !== rank || rank === 1) {
    if (level.size !== 1 && !(level.size === y.shape[0] && level.shape[0] === level.size)) {
      throw new ShapeError(
        `${caller}: ${name} has shape [${level.shape.join(", ")}], expected one value or one for each of the ` +
          `${y.shape[0] ?? 0} images (input shape [${y.shape.join(", ")}]).`,
        "shape_mismatch",
      );
    }
    result = level.reshape([level.size, ...Array.from({ length: rank - 1 }, () => 1)]);
  } else if (level.shape.some((n, i) => n !== 1 && n !== y.shape[i])) {
    throw new ShapeError(
      `${caller}: ${name} has shape [${level.shape.join(", ")}], which does not broadcast to the input ` +
        `(shape [${y.shape.join(", ")}]).`,
      "shape_mismatch",
    );
  }
  return matching(result, y);
}

/**
 * Random numbers shaped like `y` whose distribution has a parameter: one number or value for all images, or one value
 * for each. `draw` draws those of one level.
 *
 * The numbers are drawn on the host: a tensor is read, on a GPU only once while its values stay the same.
 *
 * @throws ShapeError `shape_mismatch`.
 */
export function drawPerImage(
  caller: string,
  name: string,
  level: Level,
  y: Tensor,
  draw: (level: number, shape: readonly number[]) => Tensor,
): Tensor {
  if (typeof level === "number") return draw(level, y.shape);
  const values = Array.from(hostValues(level));
  if (values.length === 1) return draw(values[0] as number, y.shape);
  if (values.length !== y.shape[0]) {
    throw new ShapeError(
      `${caller}: ${name} has shape [${level.shape.join(", ")}], expected one value or one for each of the ` +
        `${y.shape[0] ?? 0} images.`,
      "shape_mismatch",
    );
  }
  const one = [1, ...y.shape.slice(1)];
  return cat(
    values.map((value) => draw(value, one)),
    0,
  );
}
