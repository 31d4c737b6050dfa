import { ShapeError } from "../../runtime/index.js";
import { cat, freeOnError, type Tensor } from "../../tensor/index.js";
import { checkMeasured, checkTensorOption } from "../argument-checks.js";

/**
 * A mask with a batch and two equal channels: `[B, 2, (T or D,) H, W]`.
 *
 * @throws ArgumentError `invalid_argument`, `empty_mask`; ShapeError `shape_mismatch`.
 */
export function complexMask(className: string, mask: Tensor, rank: number): Tensor {
  checkTensorOption(className, "mask", mask, 2);
  checkMeasured(className, mask);
  const shape = [...Array.from({ length: Math.max(0, rank - mask.shape.length) }, () => 1), ...mask.shape];
  if (shape.length !== rank || (shape[1] !== 1 && shape[1] !== 2)) {
    throw new ShapeError(
      `${className}: mask has shape [${mask.shape.join(", ")}], expected at most ${rank} dimensions ` +
        "[batch, 1 or 2 channels, ...image].",
      "shape_mismatch",
    );
  }
  return freeOnError(() => {
    const full = mask.reshape(shape);
    return shape[1] === 1 ? cat([full, full], 1) : full;
  });
}

/** Where any of the frames is measured: `[B, C, T, H, W]` to a 0/1 mask `[B, C, H, W]`. */
export function unionOfFrames(mask: Tensor): Tensor {
  return freeOnError(() => mask.ne(0).sum(2).gt(0).to(mask.dtype));
}

/**
 * Refuses images or measurements that are not complex or have another rank.
 *
 * @throws ShapeError `shape_mismatch`.
 */
export function checkComplex(caller: string, name: string, value: Tensor, names: readonly string[]): void {
  if (value.shape.length === names.length + 2 && value.shape[1] === 2) return;
  throw new ShapeError(
    `${caller}: ${name} has shape [${value.shape.join(", ")}], expected [batch, 2, ${names.join(", ")}] ` +
      "with real and imaginary part in dimension 1.",
    "shape_mismatch",
  );
}
