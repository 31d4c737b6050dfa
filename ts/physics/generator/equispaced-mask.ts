import type { RandomSource } from "../../random/index.js";
import { CPU_FLOAT64 } from "./cpu-values.js";
import { MRIMaskGenerator, type Lines, type MRIMaskGeneratorOptions } from "./mri-mask.js";

/**
 * Cartesian MRI masks: the centre of k-space and columns at equal distances, from a random offset.
 *
 * The distance is such that centre and columns together come to `W / acceleration`. Each further frame starts one
 * column later. (As in the fastMRI challenge: Zbontar et al., "fastMRI: an open dataset and benchmarks for accelerated
 * MRI", arXiv:1811.08839, 2018.)
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
    // Infinite where the centre alone has all the columns there may be.
    const distance = (this.acceleration * (centre - width)) / (centre * this.acceleration - width);
    const apart = Number.isFinite(distance) && distance > 0;
    const offsets = apart ? Array.from(drawn(rng, roundEven(distance), batch)) : new Array<number>(batch).fill(0);
    return offsets.map((offset) =>
      Array.from({ length: frames }, (_, t) => {
        const sampled = new Float32Array(width).fill(1, first, first + centre);
        if (apart) for (let at = (t + offset) % distance; at < width - 1; at += distance) sampled[roundEven(at)] = 1;
        return sampled;
      }),
    );
  }
}

function drawn(rng: RandomSource, high: number, count: number): ArrayLike<number> {
  const t = rng.randint(0, high, [count], CPU_FLOAT64);
  const values = t.dataSync();
  t.dispose();
  return values;
}

/** Rounds halves to the even neighbour. */
function roundEven(value: number): number {
  const low = Math.floor(value);
  if (value - low === 0.5) return low % 2 === 0 ? low : low + 1;
  return Math.round(value);
}
