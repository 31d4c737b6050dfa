import { estimateNoise as estimateLevel, robustRange } from "../data/index.js";
import type { Pixels } from "../io/index.js";
import { checkOptions, checkWord } from "../runtime/index.js";
import { checkImages } from "./check-images.js";
import type { NoiseEstimate, NoiseName } from "./noise-estimate.js";

/** Options of {@link estimateNoise}. */
export interface EstimateNoiseOptions {
  /** The noise model, or `"auto"` to choose it. Default: `"auto"`. */
  readonly noise?: NoiseName | "auto";
}

/** Noise whose levels are known. */
export type KnownNoise = Pick<NoiseEstimate, "noise" | "sigma" | "gain" | "looks" | "offset">;

/**
 * Estimates the noise of images, all together.
 *
 * @throws ArgumentError `invalid_argument` where the images are none.
 */
export function estimateNoise(images: readonly Pixels[], options: EstimateNoiseOptions = {}): NoiseEstimate {
  checkOptions("denoise.estimateNoise", options, ["noise"]);
  checkImages("denoise.estimateNoise", images);
  const names = ["auto", "gaussian", "poisson", "poisson-gaussian", "gamma"] as const;
  const name = checkWord("denoise.estimateNoise", "noise", options.noise ?? "auto", names);
  const noise = name === "auto" || name === "poisson-gaussian" ? "gaussian" : name;
  const levels = images.map((image) => estimateLevel(image, noise)).sort((a, b) => a - b);
  const level = levels[Math.floor(levels.length / 2)] as number;
  const key = ({ gaussian: "sigma", poisson: "gain", gamma: "looks" } as const)[noise];
  return knownNoise(images, { noise, [key]: level });
}

/** The noise of images whose levels are known, with what is found about clipping and correlation. */
export function knownNoise(images: readonly Pixels[], known: KnownNoise): NoiseEstimate {
  const { low, high } = robustRange(images);
  const isAnchored = known.noise === "poisson" || known.noise === "gamma";
  return {
    ...known,
    ...(low === undefined || isAnchored ? {} : { clipLow: low }),
    ...(high === undefined ? {} : { clipHigh: high }),
    correlation: 0,
    found: `${known.noise} noise.`,
  };
}
