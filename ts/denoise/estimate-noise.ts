import { robustRange } from "../data/index.js";
import type { Pixels } from "../io/index.js";
import { ArgumentError, checkOptions, checkWord, shown } from "../runtime/index.js";
import { checkImages } from "./check-images.js";
import { measureBlocks } from "./estimate/blocks.js";
import { chooseFit, fitNoise, levelsOf } from "./estimate/choose.js";
import { type Ends, median } from "./estimate/fit.js";
import { describeNoise } from "./estimate/describe.js";
import { varianceCurve, type VarianceCurve } from "./estimate/variance-curve.js";
import { type KnownNoise, type NoiseEstimate, noiseLevel, type NoiseName } from "./noise-estimate.js";

/** Options of {@link estimateNoise}. */
export interface EstimateNoiseOptions {
  /** The noise model, or `"auto"` to choose it. Default: `"auto"`. */
  readonly noise?: NoiseName | "auto";
}

const names = ["gaussian", "poisson", "poisson-gaussian", "gamma"] as const satisfies readonly NoiseName[];

/**
 * Estimates the noise of images, all together: variance against mean in the flattest parts, as
 * Foi, Trimeche, Katkovnik, Egiazarian ("Practical Poissonian-Gaussian noise modeling and fitting for single-image
 * raw-data", 2008, doi:10.1109/TIP.2008.2001399) fit it, clipping at both ends included.
 *
 * The level is 0 (of looks: infinite) where no noise was found. With correlated noise it is that of the part that is
 * not correlated: what can be removed without doubt.
 *
 * @throws ArgumentError `invalid_argument` where the images are none.
 */
export function estimateNoise(images: readonly Pixels[], options: EstimateNoiseOptions = {}): NoiseEstimate {
  checkOptions("denoise.estimateNoise", options, ["noise"]);
  checkImages("denoise.estimateNoise", images);
  const name = checkWord("denoise.estimateNoise", "noise", options.noise ?? "auto", ["auto", ...names]);
  const found = measure(images);
  const { points, noiseless } = found.curve;
  const deviation = Math.sqrt(Math.max(0, median(points.map(({ variance }) => variance)) - found.ends.rounding));
  if (points.length === 0 || noiseless > mostNoiseless || deviation < leastDeviation * found.step) {
    const noise = name === "auto" ? "gaussian" : name;
    const level = { gaussian: { sigma: 0 }, gamma: { looks: Infinity }, poisson: { gain: 0 } };
    return estimateOf(noise === "poisson-gaussian" ? { noise, gain: 0, sigma: 0 } : { noise, ...level[noise] }, found);
  }
  const fit = name === "auto" ? chooseFit(points, found.ends, hasNegative(images)) : fitNoise(name, points, found.ends);
  return estimateOf(levelsOf(fit, points), found);
}

function hasNegative(images: readonly Pixels[]): boolean {
  return images.some(({ data }) => data.some((value) => value < 0));
}

/**
 * The noise of images whose levels are known, with what is found about clipping and correlation.
 *
 * @throws ArgumentError `invalid_argument` where a level is no number above 0; `missing_argument` where it is missing.
 */
export function knownNoise(images: readonly Pixels[], known: KnownNoise): NoiseEstimate {
  checkOptions("denoise.knownNoise", known, ["noise", "sigma", "gain", "looks", "offset"]);
  checkImages("denoise.knownNoise", images);
  const noise = checkWord("denoise.knownNoise", "noise", known.noise, names);
  const level = noiseLevel(known);
  if (!(level > 0 && Number.isFinite(level))) {
    throw new ArgumentError(
      `denoise.knownNoise: the level of the ${noise} noise is ${shown(level)}, expected a number above 0 ` +
        '(sigma of "gaussian", gain of "poisson" and "poisson-gaussian", looks of "gamma").',
      "invalid_argument",
    );
  }
  return estimateOf(known, measure(images));
}

/** More of an image without any noise: it is drawn, or was compressed. */
const mostNoiseless = 0.4;

/** Less noise than this, in units of the rounding of the values, could not be taken out of a file. */
const leastDeviation = 0.5;

/** Low frequencies of the flattest parts have more energy than white noise by this factor: the noise is correlated. */
const correlatedExcess = 1.3;

/** What is measured before any model is fitted. */
interface Measured {
  readonly ends: Ends;
  readonly curve: VarianceCurve;
  /** The step to whose multiples values were rounded. */
  readonly step: number;
}

function measure(images: readonly Pixels[]): Measured {
  const { low, high, dark, bright } = robustRange(images);
  const step = roundingStep(images, bright - dark);
  const rounding = step ** 2 / 12;
  return { ends: { low, high, rounding }, step, curve: varianceCurve(measureBlocks(images, low, high), rounding) };
}

/** The smallest distance of two values, where values were rounded to multiples of it. */
function roundingStep(images: readonly Pixels[], range: number): number {
  const all = images.reduce((sum, { data }) => sum + data.length, 0);
  const every = Math.max(1, Math.floor(all / 3e5));
  const values: number[] = [];
  for (const { data } of images) for (let i = 0; i < data.length; i += every) values.push(data[i] as number);
  const sorted = Float32Array.from(values).sort();
  let step = Infinity;
  for (let i = 1; i < sorted.length; i++) {
    const gap = (sorted[i] as number) - (sorted[i - 1] as number);
    if (gap > 1e-6 * range && gap < step) step = gap;
  }
  return Number.isFinite(step) && step < range ? step : 0;
}

function estimateOf(known: KnownNoise, { ends, curve }: Measured): NoiseEstimate {
  const isAnchored = known.noise === "poisson" || known.noise === "gamma";
  const clip = {
    ...(ends.low === undefined || isAnchored ? {} : { clipLow: ends.low }),
    ...(ends.high === undefined ? {} : { clipHigh: ends.high }),
  };
  const flattest = [...curve.points].sort((a, b) => a.excess - b.excess);
  const { excess = 1, correlation = 0 } = flattest[Math.floor(flattest.length / 4)] ?? {};
  const estimate = { ...known, ...clip, correlation: excess > correlatedExcess ? Math.max(0, correlation) : 0 };
  return { ...estimate, found: describeNoise(estimate) };
}
