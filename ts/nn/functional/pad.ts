import { ArgumentError } from "../../runtime/index.js";
import { ops } from "../../tensor/index.js";
import type { Tensor } from "../../tensor/index.js";
import { codeOf, PAD_CODES } from "./common.js";
import type { PadMode } from "./common.js";

/**
 * Adds a border, in PyTorch's order: `padding` is [left, right, top, bottom, ...], from the last dimension backwards.
 * @param options.mode default "constant"; @param options.value the constant, default 0.
 */
export function pad(x: Tensor, padding: readonly number[], options: { mode?: PadMode; value?: number } = {}): Tensor {
  const rank = x.shape.length;
  if (padding.length % 2 !== 0 || padding.length > 2 * rank || !padding.every(Number.isInteger)) {
    throw new ArgumentError(
      `pad: padding is [${padding.join(",")}], expected whole numbers in pairs (before, after), at most ${rank} pairs`,
      "invalid_argument",
    );
  }
  const widths = new Array<number>(2 * rank).fill(0);
  for (let i = 0; i < padding.length / 2; i++) {
    widths[2 * (rank - 1 - i)] = padding[2 * i] ?? 0;
    widths[2 * (rank - 1 - i) + 1] = padding[2 * i + 1] ?? 0;
  }
  return ops.pad(x, widths, codeOf("pad", "mode", options.mode ?? "constant", PAD_CODES), options.value ?? 0);
}
