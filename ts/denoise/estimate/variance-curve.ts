import { type Blocks, counts } from "./blocks.js";

/** Variance of the noise where the image has about one value. */
export interface CurvePoint {
  /** Mean of the pixels. */
  readonly mean: number;
  /** Variance of the noise of the pixels, as the file has it: clipped and rounded. */
  readonly variance: number;
  /** Relative standard deviation of the variance. */
  readonly error: number;
  /** Share of the pixels at an end of the range. */
  readonly clipped: number;
  /** Mean square of the low frequencies of these blocks, divided by that of the high ones: 1 for white noise alone. */
  readonly excess: number;
  /** Correlation of neighbouring pixels of these blocks. */
  readonly correlation: number;
}

/** What blocks of an image say of its noise. */
export interface VarianceCurve {
  /** From dark to bright; where structure hides the noise there is none. */
  readonly points: readonly CurvePoint[];
  /** Share of the image without any noise, but for rounding. */
  readonly noiseless: number;
}

/**
 * The excess of the finest structure that photographs have everywhere, such as grass. Where even the flattest blocks
 * have as much, nothing is known to be noise.
 */
const structureExcess = 4;

/** Relative errors of a variance: in any case, and for each unit of the excess above 1. */
const [leastError, excessError] = [0.04, 0.3];

/** Blocks with a larger share of clipped pixels say nothing of the noise. */
const mostClipped = 0.6;

/** Most points of a curve, and least blocks for each. */
const [mostPoints, leastBlocks] = [24, 120];

/**
 * The variance of the noise against the mean of the image, from the blocks with least structure.
 *
 * Among blocks of about one mean, those with the least energy in low frequencies show no structure, and their high
 * frequencies are noise alone. For white noise both are independent, so that this choice does not bias the variance.
 * (Ponomarenko et al., as extended to curves by Colom, Buades, Morel, "Nonparametric noise estimation method for raw
 * images", 2014, doi:10.1364/JOSAA.31.000863.)
 *
 * Where these blocks, too, have more energy in low frequencies, e times that of the high ones, structure of excess k is
 * taken out: noise v and structure t with `v + t = high`, `v + k t = e high` give `v = high (k - e) / (k - 1)`.
 *
 * @param rounding variance of the rounding of the values: where there is not more, there is no noise.
 */
export function varianceCurve(blocks: Blocks, rounding: number): VarianceCurve {
  const order = Array.from(blocks.mean.keys()).filter((k) => (blocks.clipped[k] as number) <= mostClipped);
  order.sort((a, b) => (blocks.mean[a] as number) - (blocks.mean[b] as number));
  const count = Math.max(1, Math.min(mostPoints, Math.floor(order.length / leastBlocks)));
  const groups = Array.from({ length: order.length === 0 ? 0 : count }, (_, p) =>
    order.slice(Math.floor((p * order.length) / count), Math.floor(((p + 1) * order.length) / count)),
  );
  const measured = groups.map((group) => flattest(blocks, group));
  // Rounding of a nearly constant region leaves anything from nothing to its full variance.
  const isNoiseless = ({ high }: Flattest): boolean => high <= 1.2 * rounding;
  return {
    points: measured.filter((part) => !isNoiseless(part)).flatMap((part) => curvePoint(part)),
    noiseless: measured.filter(isNoiseless).length / Math.max(1, measured.length),
  };
}

/** Means over the flattest blocks of a group. */
interface Flattest {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly neighbours: number;
  readonly clipped: number;
  /** Number of independent squares in `high`. */
  readonly samples: number;
}

/** Share of the blocks that is looked at first, and least number of them. */
const [firstShare, firstBlocks] = [0.05, 16];

function flattest({ mean, low, high, neighbours, clipped, overlap }: Blocks, members: readonly number[]): Flattest {
  const sorted = [...members].sort((a, b) => (low[a] as number) - (low[b] as number));
  let count = Math.min(sorted.length, Math.max(firstBlocks, Math.ceil(firstShare * sorted.length)));
  const average = (values: Float64Array): number =>
    sorted.slice(0, count).reduce((sum, k) => sum + (values[k] as number), 0) / count;
  // All blocks whose low frequencies are those of the noise alone: within 0.7 standard deviations of its energy.
  const limit = 1 + 0.7 * Math.sqrt(2 / counts.low);
  for (let pass = 0; pass < 3; pass++) {
    const [first, variance] = [count, average(high)];
    while (count < sorted.length && (low[sorted[count] as number] as number) <= limit * variance) count += 1;
    if (count === first) break;
  }
  return {
    mean: average(mean),
    low: average(low),
    high: average(high),
    neighbours: average(neighbours),
    clipped: average(clipped),
    samples: (count * counts.high) / overlap,
  };
}

function curvePoint({ mean, low, high, neighbours, clipped, samples }: Flattest): CurvePoint[] {
  const excess = low / high;
  const share = (structureExcess - Math.max(1, excess)) / (structureExcess - 1);
  const variance = high * share;
  if (!(variance > 0)) return [];
  const error = Math.hypot(leastError, Math.sqrt(2 / samples), excessError * Math.max(0, excess - 1));
  const whole = (low * counts.low + high * counts.high) / (counts.low + counts.high + 1);
  return [{ mean, variance, error, clipped, excess, correlation: neighbours / whole }];
}
