import { clippedNoise, robustRange, unclip, unitRange } from "../data/index.js";
import type { Pixels } from "../io/index.js";
import { GammaNoise, GaussianNoise, type NoiseModel, PoissonNoise } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { noiseLevel, type NoiseEstimate } from "./noise-estimate.js";

/** The values that a network sees, and the way back: numbers of a saved model. */
export interface DomainNumbers {
  /** `(value - offset) / factor` is mostly in [0, 1]. */
  readonly offset: number;
  readonly factor: number;
}

/**
 * From the units of a picture to those of a network and back.
 *
 * Values become mostly those in [0, 1]. What the file has clipped is redrawn from the tail of the noise.
 */
export class Domain {
  readonly noise: NoiseEstimate;
  readonly numbers: DomainNumbers;
  /** The noise of what the network sees. */
  readonly noiseModel: NoiseModel;

  constructor(noise: NoiseEstimate, numbers: DomainNumbers) {
    this.noise = noise;
    this.numbers = numbers;
    const level = noise.noise === "gamma" ? noiseLevel(noise) : noiseLevel(noise) / numbers.factor;
    this.noiseModel = modelOf(noise, level);
  }

  /** The domain of several images together. */
  static of(images: readonly Pixels[], noise: NoiseEstimate): Domain {
    const isAnchored = noise.noise !== "gaussian";
    const { clipLow, clipHigh } = noise;
    const range = { ...robustRange(images), low: clipLow, high: clipHigh };
    return new Domain(noise, unitRange(range, isAnchored));
  }

  /** An image for the network; what was clipped is drawn anew in each call. */
  enter({ data, shape }: Pixels, rng: RandomSource): Pixels {
    const { offset, factor } = this.numbers;
    const scaled = data.map((value) => (value - offset) / factor);
    return { data: unclip(scaled, shape, clippedNoise(this.noiseModel), rng), shape };
  }

  /** An image for the network, with clipped values as they are. */
  enterClipped({ data, shape }: Pixels): Pixels {
    const { offset, factor } = this.numbers;
    return { data: data.map((value) => (value - offset) / factor), shape };
  }

  /** Whether {@link enter} draws: the image has clipped values. */
  draws({ data }: Pixels): boolean {
    const { clipLow, clipHigh } = this.noise;
    return data.some((value) => value === clipLow || value === clipHigh);
  }

  /** A restored image in the units of the picture; a clean value is within the range to which the noise was clipped. */
  leave({ data, shape }: Pixels): Pixels {
    const { offset, factor } = this.numbers;
    const { clipLow = -Infinity, clipHigh = Infinity } = this.noise;
    return { data: data.map((value) => Math.min(clipHigh, Math.max(clipLow, offset + factor * value))), shape };
  }
}

function modelOf({ noise }: NoiseEstimate, level: number): NoiseModel {
  if (noise === "gaussian") return new GaussianNoise({ sigma: level });
  return noise === "poisson" ? new PoissonNoise({ gain: level }) : new GammaNoise({ l: level });
}
