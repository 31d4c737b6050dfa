import { type ClippedNoise, robustRange, unclip, unitRange } from "../data/index.js";
import type { Pixels } from "../io/index.js";
import { GammaNoise, GaussianNoise, type NoiseModel, PoissonNoise } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { type NoiseEstimate, noiseVariance } from "./noise-estimate.js";
import { type LinearVariance, stabilise, unstabilise } from "./stabilise.js";

/** The scale of a domain: numbers of a saved model. */
export interface DomainNumbers {
  /** `(value - offset) / factor` is mostly in [0, 1]. */
  readonly offset: number;
  readonly factor: number;
}

/** White Gaussian noise of one standard deviation, and the way to where it is and back. */
export interface WhiteNoise {
  readonly sigma: number;
  readonly enter: (value: number) => number;
  readonly leave: (value: number) => number;
}

/** An upper end that no scaled value has, where nothing was clipped. */
const beyond = 2 + Math.SQRT1_2;

/**
 * From the units of a picture to those of a network and back.
 *
 * Values become mostly those in [0, 1]. What the file has clipped is redrawn from the tail of the noise.
 * Poisson-Gaussian noise becomes Gaussian of one standard deviation, see `stabilise`.
 */
export class Domain {
  readonly noise: NoiseEstimate;
  readonly numbers: DomainNumbers;
  /** The noise of what the network sees. */
  readonly noiseModel: NoiseModel;
  /** The noise of the scaled values before they are stabilised, and the ends to which they were clipped. */
  readonly #clipped: ClippedNoise;
  /** The variance of the scaled values, and the transforms of 0 and 1; none where nothing is stabilised. */
  readonly #stable: { readonly variance: LinearVariance; readonly low: number; readonly high: number } | undefined;

  constructor(noise: NoiseEstimate, numbers: DomainNumbers) {
    this.noise = noise;
    this.numbers = numbers;
    const { offset, factor } = numbers;
    const { sigma = 0, gain = 0 } = noise;
    this.#clipped = {
      standardDeviation: (x) => Math.sqrt(noiseVariance(noise, offset + factor * x)) / factor,
      // Compared with scaled values, which are rounded.
      low: noise.clipLow === undefined ? undefined : Math.fround((noise.clipLow - offset) / factor),
      high: noise.clipHigh === undefined ? beyond : Math.fround((noise.clipHigh - offset) / factor),
    };
    if (noise.noise === "poisson-gaussian") {
      const constant = (gain * (offset - (noise.offset ?? 0)) + sigma ** 2) / factor ** 2;
      const variance = { gain: gain / factor, constant };
      const [low, high] = [stabilise(0, variance), stabilise(1, variance)];
      this.#stable = { variance, low, high };
    }
    this.noiseModel = this.noiseOfMeans(1);
  }

  /** The noise of means of what the network sees, whose variance is a share of that of a pixel. */
  noiseOfMeans(share: number): NoiseModel {
    const { noise, sigma = 0, gain = 0, looks = 1 } = this.noise;
    const { factor } = this.numbers;
    if (this.#stable) return new GaussianNoise({ sigma: Math.sqrt(share) / (this.#stable.high - this.#stable.low) });
    if (noise === "gaussian") return new GaussianNoise({ sigma: (Math.sqrt(share) * sigma) / factor });
    return noise === "poisson"
      ? new PoissonNoise({ gain: (share * gain) / factor })
      : new GammaNoise({ l: looks / share });
  }

  /**
   * Where the noise of what the network sees is white and Gaussian: there already, or for counts after `stabilise`.
   * None where pixels are correlated, and for gamma noise.
   */
  get white(): WhiteNoise | undefined {
    const { noise, gain = 0, correlation } = this.noise;
    const { offset, factor } = this.numbers;
    if (correlation !== 0 || noise === "gamma") return undefined;
    if (noise === "poisson") {
      const variance = { gain: gain / factor, constant: (gain * offset) / factor ** 2 };
      return { sigma: 1, enter: (x) => stabilise(x, variance), leave: (d) => unstabilise(d, variance) };
    }
    const sigma = this.#stable ? 1 / (this.#stable.high - this.#stable.low) : (this.noise.sigma ?? 0) / factor;
    const same = (value: number): number => value;
    return sigma > 0 ? { sigma, enter: same, leave: same } : undefined;
  }

  /** The domain of several images together. */
  static of(images: readonly Pixels[], noise: NoiseEstimate): Domain {
    const { clipLow, clipHigh } = noise;
    const isAnchored = noise.noise === "poisson" || noise.noise === "gamma";
    return new Domain(noise, unitRange({ ...robustRange(images), low: clipLow, high: clipHigh }, isAnchored));
  }

  /** An image for the network; what was clipped is drawn anew in each call. */
  enter({ data, shape }: Pixels, rng: RandomSource): Pixels {
    return this.#stabilised({ data: unclip(this.#scaled(data), shape, this.#clipped, rng), shape });
  }

  /** As {@link enter}, with what was clipped drawn around a restored image of the domain. */
  enterAround({ data, shape }: Pixels, restored: Pixels, rng: RandomSource): Pixels {
    const clean = restored.data.map((value) => this.#linear(value));
    return this.#stabilised({ data: unclip(this.#scaled(data), shape, this.#clipped, rng, clean), shape });
  }

  /** An image for a network that knows clipped noise: clipped values stay as they are. */
  enterClipped({ data, shape }: Pixels): Pixels {
    return this.#stabilised({ data: this.#scaled(data), shape });
  }

  /** Values in the units of the picture, mostly in [0, 1]. */
  #scaled(data: Float32Array): Float32Array {
    const { offset, factor } = this.numbers;
    return data.map((value) => (value - offset) / factor);
  }

  #stabilised({ data, shape }: Pixels): Pixels {
    const stable = this.#stable;
    if (!stable) return { data, shape };
    const { variance, low, high } = stable;
    return { data: data.map((value) => (stabilise(value, variance) - low) / (high - low)), shape };
  }

  /** A restored image in the units of the picture; a clean value is within the range to which the noise was clipped. */
  leave({ data, shape }: Pixels): Pixels {
    const { offset, factor } = this.numbers;
    const { clipLow = -Infinity, clipHigh = Infinity } = this.noise;
    const inUnits = (value: number): number => offset + factor * this.#linear(value);
    return { data: data.map((value) => Math.min(clipHigh, Math.max(clipLow, inUnits(value)))), shape };
  }

  /** The scaled value of a restored one: before it was stabilised. */
  #linear(value: number): number {
    const stable = this.#stable;
    return stable ? unstabilise(stable.low + (stable.high - stable.low) * value, stable.variance) : value;
  }
}
