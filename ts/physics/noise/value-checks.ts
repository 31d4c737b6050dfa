import type { Level } from "../../functional/index.js";
import { ArgumentError, ShapeError, checkNumber, type NumberRule } from "../../runtime/index.js";
import { Tensor } from "../../tensor/index.js";

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
