import { checkObject, ArgumentError, shown } from "../runtime/index.js";

/** Noise of pictures that this folder can learn from. */
export type NoiseName = "gaussian" | "poisson" | "poisson-gaussian" | "gamma";

/**
 * The noise of a picture, in the units of its values.
 *
 * The variance at a clean value x is `sigma^2` (gaussian), `gain x` (poisson), `gain (x - offset) + sigma^2`
 * (poisson-gaussian) or `x^2 / looks` (gamma).
 */
export interface NoiseEstimate {
  readonly noise: NoiseName;
  /** Standard deviation (gaussian), or that of the Gaussian part at the value `offset` (poisson-gaussian). */
  readonly sigma?: number;
  /** Gain (poisson, poisson-gaussian). */
  readonly gain?: number;
  /** Number of looks (gamma). */
  readonly looks?: number;
  /** The value at which a camera counts no light (poisson-gaussian). Default: 0. */
  readonly offset?: number;
  /** Smallest value, where the noise was clipped there. */
  readonly clipLow?: number;
  /** Largest value, where the noise was clipped there. */
  readonly clipHigh?: number;
  /** Correlation of the noise of neighbouring pixels; 0 for independent pixels. */
  readonly correlation: number;
  /** What was found, in one sentence. */
  readonly found: string;
}

/** Noise whose levels are known. */
export type KnownNoise = Pick<NoiseEstimate, "noise" | "sigma" | "gain" | "looks" | "offset">;

/** Refuses what is no noise: levels that are no numbers. */
function checkNoise(caller: string, name: string, noise: KnownNoise): void {
  checkObject(caller, name, noise);
  for (const key of ["sigma", "gain", "looks", "offset"] as const) {
    const level: unknown = noise[key];
    if (level !== undefined && typeof level !== "number")
      throw new ArgumentError(`${caller}: ${name}.${key} is ${shown(level)}, expected a number.`, "invalid_argument");
  }
}

/**
 * Variance of the noise at a clean value, in the units of the estimate.
 *
 * @throws ArgumentError `invalid_argument`.
 */
export function noiseVariance(estimate: NoiseEstimate, x: number): number {
  checkNoise("denoise.noiseVariance", "estimate", estimate);
  if (typeof x !== "number")
    throw new ArgumentError(`denoise.noiseVariance: x is ${shown(x)}, expected a number.`, "invalid_argument");
  const { noise, sigma = 0, gain = 0, looks = 1, offset = 0 } = estimate;
  if (noise === "gaussian") return sigma ** 2;
  if (noise === "gamma") return x ** 2 / looks;
  return Math.max(0, noise === "poisson" ? gain * x : gain * (x - offset) + sigma ** 2);
}

/**
 * Fourth cumulant of the noise at a clean value x, `E (y - x)^4 - 3 Var^2`: 0 for Gaussian noise, `gain^3 (x - offset)`
 * for counts, `6 x^4 / looks^3` for gamma noise.
 */
export function noiseFourthCumulant({ noise, gain = 0, looks = 1, offset = 0 }: NoiseEstimate, x: number): number {
  if (noise === "gaussian") return 0;
  return noise === "gamma" ? (6 * x ** 4) / looks ** 3 : Math.max(0, gain ** 3 * (x - offset));
}

/** The level as one number: sigma, the gain, or the number of looks. */
export function noiseLevel(known: KnownNoise): number {
  checkNoise("denoise.noiseLevel", "known", known);
  const { noise, sigma = 0, gain = 0, looks = 0 } = known;
  if (noise === "gaussian") return sigma;
  return noise === "gamma" ? looks : gain;
}
