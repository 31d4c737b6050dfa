import { ArgumentError } from "../runtime/index.js";
import type { PadMode, Tensor } from "../tensor/index.js";
import { checkArguments } from "./options.js";

/** Options of {@link pad}. */
export interface PadArguments {
  /** How the border is filled. Default: `"constant"`. */
  mode?: PadMode;
  /** The constant. Default: 0. */
  value?: number;
}

/**
 * Adds a border, in PyTorch's order: `padding` is [left, right, top, bottom, ...], from the last dimension backwards.
 *
 * @throws ArgumentError `invalid_argument`, `unknown_option`.
 */
export function pad(x: Tensor, padding: readonly number[], options: PadArguments = {}): Tensor {
  checkArguments("pad", options, ["mode", "value"]);
  const rank = x.shape.length;
  if (padding.length % 2 !== 0 || padding.length > 2 * rank || !padding.every(Number.isInteger)) {
    throw new ArgumentError(
      `pad: padding is [${padding.join(", ")}], expected whole numbers in pairs (before, after), ` +
        `at most ${rank} pairs.`,
      "invalid_argument",
    );
  }
  const widths = new Array<number>(2 * rank).fill(0);
  for (let i = 0; i < padding.length / 2; i++) {
    widths[2 * (rank - 1 - i)] = padding[2 * i] ?? 0;
    widths[2 * (rank - 1 - i) + 1] = padding[2 * i + 1] ?? 0;
  }
  return x.pad(widths, options);
}
