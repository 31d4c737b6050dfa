import { CPU_FLOAT64, type RandomSource } from "../../random/index.js";
import { MRIMaskGenerator, type Lines, type MRIMaskGeneratorOptions } from "./mri-mask.js";

/**
 * Cartesian MRI masks of the centre of k-space and equispaced columns with a random offset, as in the fastMRI
 * challenge.
 *
 * The distance of the columns is such that about `W / acceleration` are sampled in total. The offset grows by one
 * column from frame to frame. Paper: Zbontar et al., "fastMRI: an open dataset and benchmarks for accelerated MRI",
 * 2018, arXiv:1811.08839.
 */
export class EquispacedMaskGenerator extends MRIMaskGenerator {
  /** @throws ArgumentError `missing_argument`, `invalid_argument`, `empty_mask`, `unknown_option`. */
  constructor(options: MRIMaskGeneratorOptions) {
    super("EquispacedMaskGenerator", options);
  }

  protected override columns(
    { width, centre }: Lines,
    batch: number,
    frames: number,
    rng: RandomSource,
  ): Float32Array[][] {
    const first = Math.floor((width - centre + 1) / 2);
    // Infinite where all sampled columns are in the centre.
    const distance = (this.acceleration * (centre - width)) / (centre * this.acceleration - width);
    const outside = Number.isFinite(distance) && distance > 0;
    const offsets = outside
      ? Array.from(randomIntegers(rng, roundEven(distance), batch))
      : new Array<number>(batch).fill(0);
    return offsets.map((offset) =>
      Array.from({ length: frames }, (_, t) => {
        const sampled = new Float32Array(width).fill(1, first, first + centre);
        if (outside) for (let x = (t + offset) % distance; x < width - 1; x += distance) sampled[roundEven(x)] = 1;
        return sampled;
      }),
    );
  }
}

/** `count` random integers from 0 to `high`, excluded. */
function randomIntegers(rng: RandomSource, high: number, count: number): ArrayLike<number> {
  const t = rng.randint(0, high, [count], CPU_FLOAT64);
  const values = t.dataSync();
  t.dispose();
  return values;
}

/** The nearest integer; halves are rounded to even. */
function roundEven(value: number): number {
  const low = Math.floor(value);
  if (value - low === 0.5) return low % 2 === 0 ? low : low + 1;
  return Math.round(value);
}
