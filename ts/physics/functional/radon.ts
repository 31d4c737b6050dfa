import { ops, type Tensor } from "../../tensor/index.js";

/**
 * The parallel-beam Radon transform of square images, discretised by bilinear interpolation.
 *
 * For an angle `t` the image, zero outside, is sampled at `(cos t u + sin t v, cos t v - sin t u)` for whole steps `u`
 * and `v` about the centre, and summed over `v`: the projection onto detector `u`. Weights are computed where they are
 * used: nothing is stored.
 */
export class Radon {
  /** Number of detectors: without a circle, the images are turned within a square that holds their diagonal. */
  readonly detectors: number;

  /** Width of the images, whether only the inscribed circle counts, and angles in degrees. */
  constructor(
    private readonly width: number,
    private readonly circle: boolean,
    private readonly angles: readonly number[],
  ) {
    this.detectors = circle ? width : Math.ceil(Math.SQRT2 * width);
  }

  /** Projections, `[N, W, W]` to `[N, detectors, angles]`. */
  forward(x: Tensor): Tensor {
    return ops.radon(x, this.circle, this.angles);
  }

  /** The transpose, `[N, detectors, angles]` to `[N, W, W]`. */
  transpose(y: Tensor): Tensor {
    return ops.radonTranspose(y, this.width, this.circle, this.angles);
  }
}
