import { checkNumber, LARGEST } from "../../runtime/index.js";
import type { RandomSource } from "../../random/index.js";
import { MRIMaskGenerator, weightedSubset, type Lines, type MRIMaskGeneratorOptions } from "./mri-mask.js";

/**
 * Cartesian MRI masks of the centre of k-space and columns outside it, drawn uniformly: `floor(W / acceleration)`
 * columns in total.
 *
 * `step` gives `{ mask }`, `[batch, C, H, W]` or `[batch, C, T, H, W]`; each image and frame has its own.
 */
export class RandomMaskGenerator extends MRIMaskGenerator {
  /** @throws ArgumentError `missing_argument`, `invalid_argument`, `empty_mask`, `unknown_option`. */
  constructor(options: MRIMaskGeneratorOptions) {
    super(new.target.name, options);
  }

  /** The weights of `width` columns, of any sum; those of the centre are ignored. */
  getPdf(width: number): Float64Array {
    checkNumber(`${this.className}.getPdf`, "width", width, { integer: true, min: 0, max: LARGEST.imageSide });
    return new Float64Array(width).fill(1);
  }

  protected override columns(
    { width, centre, first, outside }: Lines,
    batch: number,
    frames: number,
    rng: RandomSource,
  ): Float32Array[][] {
    const weights = this.getPdf(width).fill(0, first, first + centre);
    const one = () => {
      const sampled = new Float32Array(width).fill(1, first, first + centre);
      if (outside > 0) for (const i of weightedSubset(weights, outside, rng)) sampled[i] = 1;
      return sampled;
    };
    return Array.from({ length: batch }, () => Array.from({ length: frames }, one));
  }
}
