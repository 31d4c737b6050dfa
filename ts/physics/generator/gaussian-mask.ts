import { RandomMaskGenerator } from "./random-mask.js";

/**
 * Cartesian MRI masks: the centre of k-space and columns outside it, those near the centre more often, just `floor(W /
 * acceleration)` in all.
 *
 * The weights are a Gaussian with a standard deviation of a tenth of the width, plus `1 / (2 acceleration)` so that no
 * column is always left out (Schlemper, Caballero, Hajnal, Price, Rueckert, "A deep cascade of convolutional neural
 * networks for dynamic MR image reconstruction", 2017).
 */
export class GaussianMaskGenerator extends RandomMaskGenerator {
  override getPdf(width: number): Float64Array {
    const deviation = width / 10;
    return Float64Array.from(
      { length: width },
      (_, x) => Math.exp(-0.5 * ((x - width / 2) / deviation) ** 2) + 1 / (2 * this.acceleration),
    );
  }
}
