import { type NoiseKind, NoiseModel } from "../physics/index.js";
import { type RandomSource, resolveRng, uniformValues } from "../random/index.js";
import {
  ArgumentError,
  checkInstance,
  checkKind,
  checkNumber,
  checkOptions,
  checkStream,
  hasMethods,
  shown,
} from "../runtime/index.js";
import { tensor } from "../tensor/index.js";
import { sourceOf } from "./check-sample.js";
import { checkDataset } from "./check-dataset.js";
import { type ClippedNoise, cleanValue, tailDraw } from "./clipped-normal.js";
import {
  type Dataset,
  type DatasetOf,
  disposeSample,
  type GetOptions,
  prefetchOf,
  type PrefetchOptions,
  type Sample,
  exampleOf,
} from "./dataset.js";

/** Options of {@link UnclippedDataset}. */
export interface UnclippedDatasetOptions<S extends Sample = Sample> {
  /** Samples with a measurement `y` `[C, H, W]`. */
  readonly dataset: DatasetOf<S>;
  /** The noise before clipping: a Gaussian, Poisson or gamma noise model with one level. */
  readonly noiseModel: NoiseModel;
  /** The largest value of the range that measurements were clipped to. Default: 1. */
  readonly high?: number;
  /**
   * Random stream, unless `get` is given one; a {@link DataLoader} passes its own. Default: a stream of the whole
   * library.
   */
  readonly rng?: RandomSource;
}

/**
 * Measurements whose clipped values are redrawn; see {@link unclip}.
 *
 * Image files store values in [0, 1] only, so that noise in dark and bright regions accumulates at 0 and 1. Losses that
 * rely on the distribution of the noise, above all SURE, fail there.
 */
export class UnclippedDataset<S extends Sample = Sample> implements Dataset {
  readonly length: number;
  readonly #dataset: DatasetOf<S>;
  readonly #noise: ClippedNoise;
  readonly #rng: RandomSource | undefined;

  /** @throws ArgumentError `unknown_option`; `invalid_argument` where the noise model is not supported. */
  constructor(options: UnclippedDatasetOptions<S>) {
    checkOptions("UnclippedDataset", options, ["dataset", "noiseModel", "high", "rng"]);
    checkDataset("UnclippedDataset", options?.dataset);
    this.#dataset = options.dataset;
    this.length = options.dataset.length;
    this.#noise = clippedNoise(
      options.noiseModel,
      checkNumber("UnclippedDataset", "high", options.high ?? 1, { positive: true }),
    );
    this.#rng = options.rng;
  }

  /** Where an example comes from. */
  source(index: number): string | undefined {
    return sourceOf(this.#dataset, index);
  }

  /** Begins to read what a sample needs; gives what ends that. */
  prefetch(index: number, options: PrefetchOptions = {}): (() => void) | undefined {
    return prefetchOf(this.#dataset, index, options);
  }

  /** @throws ArgumentError `missing_argument` where a sample has no measurement. */
  async get(index: number, options: GetOptions = {}): Promise<S> {
    const sample = await exampleOf("UnclippedDataset", this.#dataset, index, options);
    const { y } = sample;
    if (!y) {
      disposeSample(sample);
      throw new ArgumentError("UnclippedDataset: a sample of the dataset has no measurement y.", "missing_argument");
    }
    const shape = y.shape as [number, number, number];
    const { dtype, device } = y;
    const filled = unclip(await y.data(), shape, this.#noise, resolveRng(options.rng, this.#rng));
    y.dispose();
    return { ...sample, y: tensor(filled, { shape, dtype, device }) } as S;
  }
}

/** The property with the level of each noise model that is supported. */
const levelNames: Partial<Record<NoiseKind, string>> = { gaussian: "sigma", poisson: "gain", gamma: "l" };

/**
 * The noise of a model after clipping to [0, high]. Poisson and gamma noise are never negative: only Gaussian noise is
 * clipped at 0.
 *
 * @throws ArgumentError `invalid_argument` where the noise is not Gaussian, Poisson or gamma noise with one level.
 */
export function clippedNoise(noiseModel: NoiseModel, high = 1): ClippedNoise {
  checkInstance("clippedNoise", "noiseModel", noiseModel, NoiseModel, "a noise model such as new GaussianNoise()");
  checkNumber("clippedNoise", "high", high, { positive: true });
  const { kind } = noiseModel;
  const name = levelNames[kind];
  const level: unknown = name === undefined ? undefined : Reflect.get(noiseModel, name);
  if (typeof level !== "number") {
    throw new ArgumentError(
      `clippedNoise: noise is ${kind}, expected gaussian, poisson or gamma noise with one number as its level.`,
      "invalid_argument",
    );
  }
  if (kind === "gaussian") return { standardDeviation: () => level, low: 0, high };
  return {
    standardDeviation: kind === "poisson" ? (x) => Math.sqrt(level * x) : (x) => x / Math.sqrt(level),
    low: undefined,
    high,
  };
}

/**
 * Replaces the clipped values of an image, those at the ends of the interval, by draws from the tail of the noise
 * distribution beyond the interval.
 *
 * With noise of standard deviation s the mean of a clipped pixel is `m(x) = E min(high, max(low, x + s n))`, n standard
 * normal. The clean value is estimated as `m^-1` of the mean over the 5x5 neighbourhood (Foi, "Clipped noisy images:
 * heteroskedastic modeling and practical denoising", 2009, doi:10.1016/j.sigpro.2009.04.035). The pixel is drawn from
 * the normal distribution around it, conditioned on being beyond the end of the interval. Where the clean image is
 * smooth, the result has the distribution of the measurement before clipping.
 *
 * @param data values in planar order.
 * @param shape `[C, H, W]`.
 * @param estimate clean values that are taken in place of the estimates, as many as `data` has.
 * @throws ArgumentError `invalid_argument` where an argument is something else.
 */
export function unclip(
  data: ArrayLike<number>,
  shape: readonly [number, number, number],
  noise: ClippedNoise,
  rng: RandomSource,
  estimate?: ArrayLike<number>,
): Float32Array {
  const result = checkUnclip(data, shape, noise, rng);
  if (estimate !== undefined && estimate?.length !== result.length)
    throw new ArgumentError(
      `unclip: estimate is ${shown(estimate)}, expected as many numbers as data has, ${result.length}.`,
      "invalid_argument",
    );
  const [, height, width] = shape;
  const { low, high } = noise;
  const clipped: number[] = [];
  for (let index = 0; index < result.length; index++)
    if (result[index] === low || result[index] === high) clipped.push(index);
  if (clipped.length === 0) return result;
  const uniform = uniformValues(resolveRng(rng), [clipped.length]);
  const plane = height * width;
  /** The mean of 5 x 5 pixels. */
  const localMean = (index: number): number => {
    const [start, i, j] = [index - (index % plane), Math.floor((index % plane) / width), index % width];
    let [sum, count] = [0, 0];
    for (let v = Math.max(0, i - 2); v <= Math.min(height - 1, i + 2); v++) {
      for (let u = Math.max(0, j - 2); u <= Math.min(width - 1, j + 2); u++) {
        sum += data[start + v * width + u] as number;
        count += 1;
      }
    }
    return sum / count;
  };
  const within = (value: number): number => Math.min(high, Math.max(low ?? 0, value));
  for (const [k, index] of clipped.entries()) {
    const clean = estimate ? within(estimate[index] as number) : cleanValue(localMean(index), noise);
    const s = noise.standardDeviation(clean);
    const isLow = data[index] === low;
    const distance = isLow ? clean - (low as number) : high - clean;
    const excess = s > 0 ? s * tailDraw(distance / s, 1 - (uniform[k] as number)) - distance : 0;
    result[index] = isLow ? (low as number) - excess : high + excess;
  }
  return result;
}

/** A copy of the values, where all arguments are what they should be. */
function checkUnclip(data: unknown, shape: unknown, noise: unknown, rng: unknown): Float32Array {
  if (!Array.isArray(shape) || shape.length !== 3)
    throw new ArgumentError(`unclip: shape is ${shown(shape)}, expected [C, H, W].`, "invalid_argument");
  for (const side of shape) checkNumber("unclip", "shape", side, { integer: true, min: 0 });
  const size = shape.reduce((product: number, side: number) => product * side, 1);
  const isList = Array.isArray(data) || (ArrayBuffer.isView(data) && !(data instanceof DataView));
  if (!isList || (data as ArrayLike<unknown>).length !== size)
    throw new ArgumentError(
      `unclip: data is ${shown(data)}, expected ${size} numbers, as the shape says.`,
      "invalid_argument",
    );
  checkKind("unclip", "noise", noise, {
    expected: "what clippedNoise gives",
    fits: (value) => hasMethods(value, ["standardDeviation"]),
  });
  checkNumber("unclip", "noise.high", (noise as ClippedNoise).high);
  checkStream("unclip", rng);
  if (Array.isArray(data)) for (const value of data) checkNumber("unclip", "data", value);
  else if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    throw new ArgumentError("unclip: data has bigints, expected numbers.", "invalid_argument");
  return new Float32Array(data as ArrayLike<number>);
}
