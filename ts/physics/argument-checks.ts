import { ArgumentError, checkSize, LARGEST, ShapeError, shown } from "../runtime/index.js";
import { checkTensor, type Tensor, tidy } from "../tensor/index.js";

/**
 * Refuses other values than tensors of at least `minRank` dimensions.
 *
 * @throws ArgumentError `invalid_argument`; ShapeError `shape_mismatch`.
 */
export function checkRank(caller: string, name: string, value: unknown, minRank = 1): asserts value is Tensor {
  const { shape } = checkTensor(caller, name, value);
  if (shape.length < minRank) {
    throw new ShapeError(
      `${caller}: ${name} has shape [${shape.join(", ")}], expected at least ${minRank} ` +
        `dimension${minRank > 1 ? "s" : ""}, the first of them the batch; add one with unsqueeze(0).`,
      "shape_mismatch",
    );
  }
}

/** Refuses other values than a tensor of images `[B, C, H, W]`. */
export function checkImages(caller: string, name: string, value: unknown): asserts value is Tensor {
  checkRank(caller, name, value);
  if (value.shape.length !== 4) {
    throw new ShapeError(
      `${caller}: ${name} has shape [${value.shape.join(", ")}], expected four dimensions ` +
        "[batch, channels, height, width]; reshape it.",
      "shape_mismatch",
    );
  }
}

/** Refuses an image size that is not a list of integers above 0, such as `[C, H, W]`, of at most 2^28 entries. */
export function checkImgSize(className: string, value: unknown, name = "imgSize"): readonly number[] {
  const fits =
    Array.isArray(value) && value.length > 0 && value.length <= 32 && value.every((n) => Number.isInteger(n) && n > 0);
  if (!fits) {
    throw new ArgumentError(
      `${className}: ${name} is ${shown(value)}, expected integers above 0 without the batch, such as [1, 32, 32].`,
      "invalid_argument",
    );
  }
  const size = value as readonly number[];
  const entries = size.reduce((n, side) => n * side, 1);
  checkSize(className, "a number of entries", entries, LARGEST.entries, name);
  return size;
}

/**
 * Refuses a factor of an operator, such as a mask, unless it broadcasts to the shape of the tensor that it multiplies.
 */
export function checkBroadcast(
  caller: string,
  name: string,
  factor: readonly number[],
  target: readonly number[],
  hint: string,
): void {
  const offset = target.length - factor.length;
  const fits = offset >= 0 && factor.every((n, i) => n === 1 || n === target[offset + i]);
  if (fits) return;
  throw new ShapeError(
    `${caller}: the input has shape [${target.join(", ")}], but ${name} has shape [${factor.join(", ")}]; ${hint}.`,
    "shape_mismatch",
  );
}

/**
 * Refuses an option that is not a tensor of at least `minRank` dimensions, or is empty. On the CPU, refuses NaN and
 * infinity.
 */
export function checkTensorOption(
  className: string,
  name: string,
  value: unknown,
  minRank = 1,
): asserts value is Tensor {
  checkRank(className, name, value, minRank);
  if (value.size === 0)
    throw new ShapeError(
      `${className}: ${name} is empty (shape [${value.shape.join(", ")}]); pass a tensor with entries.`,
      "shape_mismatch",
    );
  // Zero times a finite number is zero.
  if (value.device === "cpu" && tidy(() => value.detach().mul(0).sum().itemSync()) !== 0) {
    throw new ArgumentError(
      `${className}: ${name} contains NaN or infinity, expected finite numbers.`,
      "invalid_argument",
    );
  }
}

/**
 * Refuses a mask whose entries are all 0, as nothing could be reconstructed; on other devices than the CPU this is not
 * checked.
 *
 * @throws ArgumentError `empty_mask`.
 */
export function checkMeasured(caller: string, mask: Tensor): void {
  if (mask.device !== "cpu" || mask.size === 0) return;
  const measured = tidy(() => mask.detach().ne(0).max().itemSync());
  if (measured === 0) {
    throw new ArgumentError(
      `${caller}: the mask has no measured pixel, all its ${mask.size} entries are 0; ` +
        "pass one with entries other than 0.",
      "empty_mask",
    );
  }
}
