import { type NoiseModel } from "../physics/index.js";
import { type RandomSource, resolveRng, uniformValues } from "../random/index.js";
import { ArgumentError, checkNumber, checkOptions } from "../runtime/index.js";
import { tensor } from "../tensor/index.js";
import { type Dataset, disposeSample, type GetOptions, type Sample } from "./dataset.js";

/** Options of {@link UnclippedDataset}. */
export interface UnclippedDatasetOptions {
  /** Samples with a measurement `y` [C, H, W]. */
  dataset: Dataset;
  /** Noise before it was clipped: a Gaussian, Poisson or Gamma noise model with one level. */
  noiseModel: NoiseModel;
  /** The value that larger ones were cut to. Default: 1. */
  high?: number;
  /** Where draws come from, unless the call gives another; a {@link DataLoader} passes its own. */
  rng?: RandomSource;
}

/**
 * Measurements with what a file format cut off drawn anew.
 *
 * A picture file holds no value below 0 or above 1, so that noise in dark and bright places piles up at these two.
 * Losses that rest on the law of the noise (SURE above all, whose divergence is evaluated there) then learn to
 * recognise the pile, and fail. See {@link unclip}.
 */
export class UnclippedDataset implements Dataset {
  readonly length: number;
  readonly #dataset: Dataset;
  readonly #noise: ClippedNoise;
  readonly #rng: RandomSource | undefined;

  /** @throws ArgumentError `unknown_option`, `invalid_argument` for another noise model. */
  constructor(options: UnclippedDatasetOptions) {
    checkOptions("UnclippedDataset", options, ["dataset", "noiseModel", "high", "rng"]);
    this.#dataset = options.dataset;
    this.length = options.dataset.length;
    this.#noise = clippedNoise(
      options.noiseModel,
      checkNumber("UnclippedDataset", "high", options.high ?? 1, { positive: true }),
    );
    this.#rng = options.rng;
  }

  async get(index: number, options: GetOptions = {}): Promise<Sample> {
    const sample = await this.#dataset.get(index, options);
    const { y } = sample;
    if (!y) {
      disposeSample(sample);
      throw new ArgumentError("UnclippedDataset: a sample has no measurement y", "missing_argument");
    }
    const shape = y.shape as [number, number, number];
    const { dtype, device } = y;
    const filled = unclip(await y.data(), shape, this.#noise, resolveRng(options.rng, this.#rng));
    y.dispose();
    return { ...sample, y: tensor(filled, { shape, dtype, device }) };
  }
}

/** Noise that was cut to an interval. */
export interface ClippedNoise {
  /** Standard deviation of the noise of a pixel whose clean value is x. */
  deviation(x: number): number;
  /** The value that smaller ones were cut to; undefined where the noise does not go below its lower end. */
  readonly low: number | undefined;
  /** The value that larger ones were cut to. */
  readonly high: number;
}

/**
 * The law of noise that was cut to [0, high]. Counts and speckle are never negative: only Gaussian noise is cut below.
 *
 * @throws ArgumentError `invalid_argument` for anything but Gaussian, Poisson or Gamma noise with one level.
 */
export function clippedNoise(noiseModel: NoiseModel, high = 1): ClippedNoise {
  const { kind } = noiseModel;
  const level = { gaussian: "sigma", poisson: "gain", gamma: "l" }[kind as "gaussian"];
  const value = level === undefined ? undefined : (noiseModel as unknown as Record<string, unknown>)[level];
  if (typeof value !== "number")
    throw new ArgumentError(
      `clippedNoise: noise is ${kind}, expected gaussian, poisson or gamma noise with one number as its level`,
      "invalid_argument",
    );
  if (kind === "gaussian") return { deviation: () => value, low: 0, high };
  return {
    deviation: kind === "poisson" ? (x) => Math.sqrt(value * x) : (x) => x / Math.sqrt(value),
    low: undefined,
    high,
  };
}

/**
 * Planar values [C, H, W] in which those exactly at the ends of the interval are replaced by draws from the part of the
 * noise's law that was cut off.
 *
 * With noise of deviation s the mean of a clipped pixel is `m(x) = E min(high, max(low, x + s n))`, n standard normal.
 * The clean value is estimated as `m^-1` of the mean over the 5x5 pixels around (Foi, "Clipped noisy images:
 * heteroskedastic modeling and practical denoising", 2009), and the pixel drawn from the normal law around it beyond
 * the end. Where the clean image is smooth, the result has the law of the measurement before it was clipped.
 */
export function unclip(
  data: ArrayLike<number>,
  [, height, width]: readonly [number, number, number],
  noise: ClippedNoise,
  rng: RandomSource,
): Float32Array {
  const result = Float32Array.from(data);
  const { low, high } = noise;
  const cut: number[] = [];
  for (const [at, value] of result.entries()) if (value === low || value === high) cut.push(at);
  if (cut.length === 0) return result;
  const uniform = uniformValues(rng, [cut.length]);
  const plane = height * width;
  for (const [k, at] of cut.entries()) {
    const [first, i, j] = [at - (at % plane), Math.floor((at % plane) / width), at % width];
    let [sum, count] = [0, 0];
    for (let v = Math.max(0, i - 2); v <= Math.min(height - 1, i + 2); v++) {
      for (let u = Math.max(0, j - 2); u <= Math.min(width - 1, j + 2); u++) {
        sum += data[first + v * width + u] as number;
        count += 1;
      }
    }
    const clean = unclippedMean(sum / count, noise);
    const deviation = noise.deviation(clean);
    const below = data[at] === low;
    const distance = below ? clean - (low as number) : high - clean;
    const beyond =
      deviation > 0 ? deviation * tailDraw(distance / deviation, 1 - (uniform[k] as number)) - distance : 0;
    result[at] = below ? (low as number) - beyond : high + beyond;
  }
  return result;
}

/** The clean value whose clipped mean is m; within the interval, since the picture is. */
function unclippedMean(m: number, { deviation, low, high }: ClippedNoise): number {
  const mean = (x: number): number => {
    const s = deviation(x);
    const lower = low === undefined || s === 0 ? x : low + excess((x - low) / s) * s;
    return s === 0 ? lower : lower - excess((x - high) / s) * s;
  };
  return bisect((x) => mean(x) < m, low ?? 0, high);
}

/** E max(0, a + n) = a Phi(a) + phi(a). */
function excess(a: number): number {
  return a * normalTail(-a) + Math.exp(-(a * a) / 2) / Math.sqrt(2 * Math.PI);
}

/** The normal number t >= a with P(n > t) = p P(n > a). */
function tailDraw(a: number, p: number): number {
  const wanted = p * normalTail(a);
  return bisect((t) => normalTail(t) > wanted, a, Math.max(a, 0) + 9);
}

/** Where an increasing condition, true at first, becomes false. */
function bisect(before: (x: number) => boolean, from: number, to: number): number {
  let [a, b] = [from, to];
  for (let i = 0; i < 40; i++) {
    const middle = (a + b) / 2;
    if (before(middle)) a = middle;
    else b = middle;
  }
  return (a + b) / 2;
}

/**
 * P(n > a) of a standard normal n, relative error below 1.2e-7 (Press et al., Numerical Recipes, 2007, section 6.2.2).
 */
function normalTail(a: number): number {
  const z = Math.abs(a) / Math.SQRT2;
  const t = 2 / (2 + z);
  const series = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ];
  const tail = (t * Math.exp(-z * z + series.reduceRight((sum, c) => sum * t + c, 0))) / 2;
  return a >= 0 ? tail : 1 - tail;
}
