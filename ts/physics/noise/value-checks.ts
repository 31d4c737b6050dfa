import type { Level } from "../../functional/index.js";
import { ArgumentError, ShapeError, checkNumber, type NumberRule } from "../../runtime/index.js";
import { Tensor, where } from "../../tensor/index.js";

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
 * The values of two parameters for each image, where one value is for all images; empty where one of them is on another
 * device than the CPU.
 */
export function levelPairs(first: Level, second: Level): [number, number][] {
  const values = (level: Level): ArrayLike<number> => {
    if (typeof level === "number") return [level];
    return level.device === "cpu" ? level.dataSync() : [];
  };
  const [a, b] = [values(first), values(second)];
  if (a.length === 0 || b.length === 0) return [];
  const at = (list: ArrayLike<number>, i: number) => list[list.length === 1 ? 0 : i] ?? NaN;
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => [at(a, i), at(b, i)]);
}

/**
 * Negative values of at most this magnitude, relative to the largest value, are what rounding makes of 0, as in a
 * convolution by way of the Fourier transform.
 */
const ROUNDING = 1e-6;

/**
 * Clean measurements for a noise that exists for values of at least 0 only: what rounding left below 0 becomes 0.
 *
 * With `clip` every negative value does, and so do NaN and infinity; see {@link undefinedWhere}. The gradient is that
 * of the clipping, 0 where a value was replaced.
 *
 * @throws ArgumentError `out_of_range` for NaN, infinity and, without `clip`, negative values; on the CPU only, as
 * reading values from another device would wait for it.
 */
export function nonNegative(caller: string, y: Tensor, clip: boolean, hint: string): Tensor {
  if (y.size === 0) return y;
  if (clip) return finiteOr0(y.relu());
  const values = y.detach();
  if (y.device !== "cpu") return where(values.lt(0).mul(values.ge(values.max().mul(-ROUNDING))), 0, y);
  const [least, most] = [values.min().itemSync(), values.max().itemSync()];
  if (least >= 0 && most < Infinity) return y;
  if (least < 0 && least >= -ROUNDING * most && most < Infinity) return y.relu();
  if (most === Infinity)
    throw new ArgumentError(`${caller}: the input has the value Infinity, expected finite values.`, "out_of_range");
  throw new ArgumentError(
    `${caller}: the input has ${Number.isNaN(least) ? "NaN" : `the value ${least}`}, expected every value to be at ` +
      `least 0; ${hint}.`,
    "out_of_range",
  );
}

/** `y` with 0 in the place of NaN and infinity. */
export function finiteOr0(y: Tensor): Tensor {
  return where(y.detach().mul(0).eq(0), y, 0);
}

/** 0 where `y` is finite and NaN elsewhere: added to noisy values, it shows that a network diverged. */
export function undefinedWhere(y: Tensor): Tensor {
  return y.detach().mul(0);
}
