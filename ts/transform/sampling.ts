import { ArgumentError } from "../runtime/index.js";
import { ops, type Tensor } from "../tensor/index.js";
import type { Matrix3 } from "./camera.js";

/** How values between pixels are found. */
export type Interpolation = "nearest" | "bilinear" | "bicubic";

/**
 * What lies outside the image: zeros, the border repeated, or the image mirrored at the centres of its outer pixels.
 */
export type Outside = "zeros" | "border" | "reflection";

const MODES: Readonly<Record<Interpolation, number>> = { bilinear: 0, nearest: 1, bicubic: 2 };
const OUTSIDE: Readonly<Record<Outside, number>> = { zeros: 0, border: 1, reflection: 2 };

/** Refuses an unknown word among options. */
export function checkWord<W extends string>(caller: string, name: string, word: W, words: readonly W[]): W {
  if (words.includes(word)) return word;
  throw new ArgumentError(
    `${caller}: ${name} is ${JSON.stringify(word)}, expected one of ${words.map((w) => JSON.stringify(w)).join(", ")}.`,
    "invalid_argument",
  );
}

export const INTERPOLATIONS = Object.keys(MODES) as readonly Interpolation[];
export const OUTSIDES = Object.keys(OUTSIDE) as readonly Outside[];

/**
 * The images `[B, C, H, W]` at another size, seen through one map for all or one for each: where each pixel of the
 * result comes from.
 */
export function sampleAt(
  x: Tensor,
  maps: readonly Matrix3[],
  size: readonly [number, number],
  mode: Interpolation,
  outside: Outside,
): Tensor {
  return ops.warp(x, size, MODES[mode], OUTSIDE[outside], maps.flat());
}
