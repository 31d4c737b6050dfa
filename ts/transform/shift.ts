import { permutationValues, type RandomSource } from "../random/index.js";
import { ArgumentError, checkNumber } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { scalar, type CheckedParams, type TransformParams } from "./params.js";
import type { ImageLike, TransformOptions } from "./options.js";
import { Transform } from "./transform.js";

/** Options of {@link Shift}. */
export interface ShiftOptions extends TransformOptions {
  /** Largest shift as a fraction of height and width. Default: 1. */
  shiftMax?: number;
}

/**
 * Circular shifts by whole pixels, `out[i, j] = x[(i - yShift) mod H, (j - xShift) mod W]`: an exact group.
 *
 * Shifts along the width are integers from `-m` to `m - 1` with `m = trunc(shiftMax W)`, without repetition among the
 * `nTrans`; those along the height likewise. Parameters: `xShift`, `yShift`, in pixels. Default: 0.
 */
export class Shift extends Transform {
  override readonly paramNames = ["xShift", "yShift"] as const;
  /** Largest shift as a fraction of height and width. */
  readonly shiftMax: number;

  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: ShiftOptions = {}) {
    super("Shift", options, ["shiftMax"]);
    this.shiftMax = checkNumber("Shift", "shiftMax", options.shiftMax ?? 1, { min: 0 });
  }

  protected override draw(x: ImageLike, rng: RandomSource): TransformParams {
    const [height = 1, width = 1] = x.shape.slice(-2);
    const shifts = (size: number): number[] => {
      const largest = Math.trunc(this.shiftMax * size);
      if (largest === 0) return Array.from({ length: this.nTrans }, () => 0);
      if (this.nTrans > 2 * largest) {
        throw new ArgumentError(
          `Shift: nTrans is ${this.nTrans}, but with shiftMax ${this.shiftMax} an image of ${height} x ${width} ` +
            `pixels has only ${2 * largest} different shifts along an axis; lower nTrans.`,
          "invalid_argument",
        );
      }
      return Array.from(permutationValues(rng, 2 * largest).slice(0, this.nTrans), (k) => k - largest);
    };
    const xShift = shifts(width);
    return { xShift, yShift: shifts(height) };
  }

  protected override apply(x: Tensor, params: CheckedParams, inverse: boolean): Tensor {
    const sign = inverse ? -1 : 1;
    const by = (["yShift", "xShift"] as const).map(
      (name) => sign * checkNumber("Shift", name, scalar(params, name, 0), { integer: true }),
    );
    return x.roll(by, [-2, -1]);
  }
}
