import { uniformValues, type RandomSource } from "../../random/index.js";
import { ArgumentError, checkNumber } from "../../runtime/index.js";
import { MRIMaskGenerator, type Lines, type MRIMaskGeneratorOptions } from "./mri-mask.js";

/** Options of {@link PolyOrderMaskGenerator}. */
export interface PolyOrderMaskGeneratorOptions extends MRIMaskGeneratorOptions {
  /** Order of the polynomial, at least 0; the density decreases faster for larger values. Default: 8. */
  polyOrder?: number;
}

/**
 * Cartesian MRI masks of polynomial density: the centre is sampled, and every other column independently with
 * probability `(1 - r)^polyOrder + c`, clamped to [0, 1].
 *
 * r is the distance from the centre, 1 at the edges, and c such that the mean probability is `1 / acceleration`. The
 * number of columns varies; it is at least 1. Paper: Millard, Chiew, "A theoretical framework for self-supervised MR
 * image reconstruction using sub-sampling via variable density Noisier2Noise", 2023, arXiv:2205.10278.
 */
export class PolyOrderMaskGenerator extends MRIMaskGenerator {
  /** Order of the polynomial. */
  readonly polyOrder: number;
  readonly #pdfs = new Map<number, Float64Array>();

  /** @throws ArgumentError `missing_argument`, `invalid_argument`, `empty_mask`, `unknown_option`. */
  constructor(options: PolyOrderMaskGeneratorOptions) {
    const name = "PolyOrderMaskGenerator";
    super(name, options, ["polyOrder"]);
    this.polyOrder = checkNumber(name, "polyOrder", options.polyOrder ?? 8, { min: 0 });
  }

  /** The probability of each of `width` columns, by default of those of `imgSize`. */
  getPdf(width = this.imgSize[this.imgSize.length - 1] as number): Float64Array {
    const found = this.#pdfs.get(width) ?? this.#pdf(this.lines(width));
    this.#pdfs.set(width, found);
    return found;
  }

  #pdf({ width, centre, first }: Lines): Float64Array {
    const density = Float64Array.from(
      { length: width },
      (_, i) => (1 - (width === 1 ? 0 : Math.abs((2 * i) / (width - 1) - 1))) ** this.polyOrder,
    );
    const shifted = (c: number) => density.map((d) => Math.min(Math.max(d + c, 0), 1)).fill(1, first, first + centre);
    const mean = (p: Float64Array) => p.reduce((a, b) => a + b, 0) / width;
    // The mean increases with c, from the fraction of the centre to 1.
    let [low, high] = [-1, 1];
    for (let i = 0; i < 60; i++) {
      const middle = (low + high) / 2;
      if (mean(shifted(middle)) < 1 / this.acceleration) low = middle;
      else high = middle;
    }
    const pdf = shifted(high);
    if (Math.abs(mean(pdf) - 1 / this.acceleration) > 1e-3) {
      throw new ArgumentError(
        `PolyOrderMaskGenerator: no density has the mean 1 / ${this.acceleration} with a centre of ${centre} of ` +
          `${width} columns; lower centerFraction.`,
        "invalid_argument",
      );
    }
    return pdf;
  }

  protected override columns({ width }: Lines, batch: number, frames: number, rng: RandomSource): Float32Array[][] {
    const pdf = this.getPdf(width);
    const one = () => {
      const u = uniformValues(rng, [width]);
      const sampled = Float32Array.from({ length: width }, (_, i) => ((u[i] as number) < (pdf[i] as number) ? 1 : 0));
      if (!sampled.includes(1)) {
        let nearest = 0;
        for (let i = 1; i < width; i++)
          if ((u[i] as number) - (pdf[i] as number) < (u[nearest] as number) - (pdf[nearest] as number)) nearest = i;
        sampled[nearest] = 1;
      }
      return sampled;
    };
    return Array.from({ length: batch }, () => Array.from({ length: frames }, one));
  }
}
