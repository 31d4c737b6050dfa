import { ArgumentError, ShapeError, checkNumber, type NumberRule } from "../../runtime/index.js";
import { Tensor } from "../../tensor/index.js";

/** A noise parameter: one number, or a tensor with one value (shape `[]`) or one value per image (shape `[B]`). */
export type Level = number | Tensor;

/** A description of a value for an error message. */
export function shown(value: unknown): string {
  if (value instanceof Tensor) return `a tensor of shape [${value.shape.join(", ")}]`;
  if (value === null || value === undefined) return String(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return "an array";
  return `a ${typeof value}`;
}

/**
 * Refuses other values than tensors of at least `minRank` dimensions.
 *
 * @throws ArgumentError `invalid_argument`; ShapeError `shape_mismatch`.
 */
export function checkTensor(caller: string, name: string, value: unknown, minRank = 1): asserts value is Tensor {
  if (!(value instanceof Tensor)) {
    throw new ArgumentError(
      `${caller}: ${name} must be a Tensor, got ${shown(value)}; make one with tensor(...).`,
      "invalid_argument",
    );
  }
  if (value.shape.length < minRank) {
    throw new ShapeError(
      `${caller}: ${name} has shape [${value.shape.join(", ")}], expected at least ${minRank} ` +
        `dimension${minRank > 1 ? "s" : ""}, the first of them the batch; add one with unsqueeze(0).`,
      "shape_mismatch",
    );
  }
}

/**
 * Checks a noise parameter against its rule and returns it.
 *
 * The entries of a tensor are checked on the CPU only, as reading them from another device would wait for it.
 */
export function checkLevel(caller: string, name: string, value: unknown, rule: NumberRule): Level {
  if (!(value instanceof Tensor)) return checkNumber(caller, name, value, rule);
  if (value.size === 0)
    throw new ShapeError(
      `${caller}: ${name} is an empty tensor, expected one value or one per image.`,
      "shape_mismatch",
    );
  if (value.device === "cpu") for (const entry of value.dataSync()) checkNumber(caller, name, entry, rule);
  return value;
}

/**
 * A noise parameter made to multiply images shaped like `y`.
 *
 * Shapes `[]` and `[1]` hold for all images, `[B]` for one each; a tensor of the rank of `y` is taken as it is.
 * Throws ShapeError `shape_mismatch`.
 */
export function perImage(caller: string, name: string, level: Level, y: Tensor): Level {
  if (typeof level === "number") return level;
  const rank = y.shape.length;
  let result = level;
  if (level.shape.length !== rank || rank === 1) {
    if (level.size !== 1 && !(level.shape.length === 1 && level.size === y.shape[0])) {
      throw new ShapeError(
        `${caller}: ${name} has shape [${level.shape.join(", ")}], expected one value or one for each of the ${y.shape[0] ?? 0} images (input shape [${y.shape.join(", ")}]).`,
        "shape_mismatch",
      );
    }
    result = level.reshape([level.size, ...Array.from({ length: rank - 1 }, () => 1)]);
  } else if (level.shape.some((n, i) => n !== 1 && n !== y.shape[i])) {
    throw new ShapeError(
      `${caller}: ${name} has shape [${level.shape.join(", ")}], which does not broadcast to the input (shape [${y.shape.join(", ")}]).`,
      "shape_mismatch",
    );
  }
  return matching(result, y);
}

/** A tensor on the device and of the element type of another one. */
export function matching(t: Tensor, like: Tensor): Tensor {
  const placed = t.device === like.device ? t : t.to(like.device);
  return placed.dtype === like.dtype ? placed : placed.to(like.dtype);
}

/** Refuses infinite values and, with `strict`, values of at most 0, otherwise values below 0; on the CPU only. */
export function checkRange(caller: string, y: Tensor, strict: boolean, hint: string): void {
  if (y.device !== "cpu" || y.size === 0) return;
  const [least, most] = [y.detach().min().itemSync(), y.detach().max().itemSync()];
  if (most === Infinity)
    throw new ArgumentError(`${caller}: the input has the value Infinity, expected finite values.`, "out_of_range");
  if (least > 0 || (!strict && least === 0)) return;
  throw new ArgumentError(
    `${caller}: the input has ${Number.isNaN(least) ? "NaN" : `the value ${least}`}, ` +
      `expected every value to be ${strict ? "above 0" : "at least 0"}; ${hint}.`,
    "out_of_range",
  );
}
