import { ops } from "../tensor/index.js";
import type { Tensor } from "../tensor/index.js";
import { checkArguments } from "./options.js";

/** Options of {@link radon}. */
export interface RadonArguments {
  /** Angles in degrees. */
  angles: readonly number[];
  /** Whether only the inscribed circle counts. Default: false. */
  circle?: boolean;
}

/** Options of {@link radonTranspose}. */
export interface RadonTransposeArguments extends RadonArguments {
  /** Width of the images. */
  width: number;
}

/** Number of detectors of {@link radon}: the width where only the circle counts, else the length of the diagonal. */
export function radonDetectors(width: number, circle: boolean): number {
  return circle ? width : Math.ceil(Math.SQRT2 * width);
}

/**
 * The parallel-beam Radon transform of square images, `[N, W, W]` to `[N, detectors, angles]`.
 *
 * For an angle `t` the image, zero outside, is sampled bilinearly at `(cos t u + sin t v, cos t v - sin t u)` for whole
 * steps `u` and `v` about the centre, and summed over `v`: the projection onto detector `u`. No matrix is stored.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`, `unknown_option`.
 */
export function radon(x: Tensor, options: RadonArguments): Tensor {
  checkArguments("radon", options, ["angles", "circle"]);
  return ops.radon(x, options.circle ?? false, options.angles);
}

/**
 * The transpose of {@link radon}, `[N, detectors, angles]` to `[N, W, W]`.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`, `unknown_option`.
 */
export function radonTranspose(y: Tensor, options: RadonTransposeArguments): Tensor {
  checkArguments("radonTranspose", options, ["angles", "circle", "width"]);
  return ops.radonTranspose(y, options.width, options.circle ?? false, options.angles);
}
