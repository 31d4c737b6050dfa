import { checkNumber, LARGEST } from "../../runtime/index.js";
import { RandomMaskGenerator } from "./random-mask.js";

/**
 * Cartesian MRI masks of the centre of k-space and columns outside it, more often near the centre:
 * `floor(W / acceleration)` columns in total.
 *
 * The weights are a Gaussian with a standard deviation of `W / 10`, plus `1 / (2 acceleration)`, so that every column
 * can be sampled. Paper: Schlemper, Caballero, Hajnal, Price, Rueckert, "A deep cascade of convolutional neural
 * networks for dynamic MR image reconstruction", 2017, arXiv:1704.02422.
 */
export class GaussianMaskGenerator extends RandomMaskGenerator {
  override getPdf(width: number): Float64Array {
    checkNumber(`${this.className}.getPdf`, "width", width, { integer: true, min: 0, max: LARGEST.imageSide });
    const standardDeviation = width / 10;
    return Float64Array.from(
      { length: width },
      (_, x) => Math.exp(-0.5 * ((x - width / 2) / standardDeviation) ** 2) + 1 / (2 * this.acceleration),
    );
  }
}
