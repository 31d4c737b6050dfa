import { meanSquare } from "../functional/index.js";
import { LinearPhysics, type Physics } from "../physics/index.js";
import { Rng } from "../random/index.js";
import { ArgumentError, checkNumber, checkOptions } from "../runtime/index.js";
import { checkTensor, noGrad, Tensor, tensor, tidy } from "../tensor/index.js";
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
import { scaledLevels, type ScaledLevels } from "./scaled-levels.js";

/** Options of {@link Normalized}. */
export interface NormalizedOptions<S extends Sample = Sample> {
  /** Samples with x, y or both, in any unit. */
  readonly dataset: DatasetOf<S>;
  /**
   * The linear physics that the samples belong to, in their unit. Its noise levels then come with each sample, divided
   * by the factor as well, so that the Trainer takes the same physics. Default: only levels `sigma` and `gain` among a
   * sample's `params` are divided.
   */
  readonly physics?: Physics;
  /**
   * What samples are divided by: `"dataset"`, one factor for all, computed from them once; a number, such as the
   * `scale` of the training set for the test set; `"sample"`, a factor for each sample, computed from its y. Default:
   * `"dataset"`.
   */
  readonly by?: "dataset" | "sample" | number;
  /**
   * The quantile of the absolute values that becomes 1; a higher one suits images with few bright pixels. Default:
   * 0.99.
   */
  readonly quantile?: number;
  /** Number of samples, spread over the dataset, from which its factor is computed. Default: 100. */
  readonly samples?: number;
}

const KEYS = ["dataset", "physics", "by", "quantile", "samples"];

/** At most so many values of a sample, spread over it, take part in a quantile. */
const VALUES_PER_SAMPLE = 10_000;

/**
 * Samples brought to values near 1, where networks, default learning rates and stabilisers such as Adam's epsilon work,
 * whatever the unit of the data: x, y and the noise levels are divided by one factor.
 *
 * The factor is the quantile of |A^T y|, brought to the unit of the image by the step of steepest descent `|A^T y|^2 /
 * |A A^T y|^2`; without `physics` of |y|, and of |x| where samples have no y. One that differs between samples (`by:
 * "sample"`) is computed from y alone, as x is not known at test time. Where the quantile is 0, the largest value takes
 * its place; a sample of zeros is divided by 1.
 */
export class Normalized<S extends Sample = Sample> implements Dataset {
  readonly length: number;
  readonly #dataset: DatasetOf<S>;
  readonly #physics: LinearPhysics | undefined;
  readonly #levels: ScaledLevels;
  /** Whether each sample has a factor of its own, computed from it. */
  readonly bySample: boolean;
  readonly #quantile: number;
  readonly #samples: number;
  #scale: number | undefined;
  #fitted: Promise<number> | undefined;

  /**
   * @throws ArgumentError `missing_argument`, `unknown_option`, `invalid_argument`; `incompatible_physics` where the
   * physics is not linear or its noise does not scale with the image.
   */
  constructor(options: NormalizedOptions<S>) {
    checkOptions("Normalized", options ?? {}, KEYS);
    const { dataset, physics, by = "dataset", quantile = 0.99, samples = 100 } = options ?? {};
    if (typeof dataset?.get !== "function") {
      throw new ArgumentError(
        "Normalized: dataset is missing or has no get(index); give it a dataset such as a TensorDataset.",
        dataset === undefined ? "missing_argument" : "invalid_argument",
      );
    }
    if (physics !== undefined && !(physics instanceof LinearPhysics)) {
      throw new ArgumentError(
        "Normalized: physics is not linear, so that dividing x and y by one number does not keep y = A(x).",
        "incompatible_physics",
      );
    }
    this.#dataset = dataset;
    this.length = checkNumber("Normalized", "dataset.length", dataset.length, { integer: true, min: 0 });
    this.#physics = physics;
    this.#levels = scaledLevels(physics?.noiseModel);
    this.bySample = by === "sample";
    if (by !== "sample" && by !== "dataset") this.#scale = checkNumber("Normalized", "by", by, { positive: true });
    this.#quantile = checkNumber("Normalized", "quantile", quantile, { positive: true, max: 1 });
    this.#samples = checkNumber("Normalized", "samples", samples, { positive: true, integer: true });
  }

  /**
   * The factor of all samples.
   *
   * @throws ArgumentError `invalid_argument` where it has not been computed yet, see {@link fit}, or differs between
   * samples, see {@link scaleOf}.
   */
  get scale(): number {
    if (this.#scale !== undefined) return this.#scale;
    const what = this.bySample ? "each sample has its own; call scaleOf(index)" : "call await dataset.fit() first";
    throw new ArgumentError(`Normalized: the scale is not known; ${what}.`, "invalid_argument");
  }

  /**
   * Computes the factor of all samples; the first `get` does so by itself.
   *
   * @throws ArgumentError as {@link scale} with `by: "sample"`; `empty_data` where there is no sample; the errors of
   * the dataset.
   */
  async fit(): Promise<number> {
    if (this.#scale !== undefined || this.bySample) return this.scale;
    this.#fitted ??= this.#fit();
    try {
      return await this.#fitted;
    } finally {
      this.#fitted = undefined;
    }
  }

  /** The factor of one sample. */
  async scaleOf(index: number, options: GetOptions = {}): Promise<number> {
    if (!this.bySample) return await this.fit();
    const sample = await exampleOf("Normalized", this.#dataset, index, options);
    try {
      return await this.#factorOf(sample);
    } finally {
      disposeSample(sample);
    }
  }

  /** Begins to read what a sample needs; gives what ends that. */
  prefetch(index: number, options: PrefetchOptions = {}): (() => void) | undefined {
    return prefetchOf(this.#dataset, index, options);
  }

  /** One sample, divided by its factor. */
  async get(index: number, options: GetOptions = {}): Promise<S> {
    if (!this.bySample) await this.fit();
    const sample = await exampleOf("Normalized", this.#dataset, index, options);
    try {
      const factor = this.bySample ? await this.#factorOf(sample) : this.scale;
      return noGrad(() => this.#divided(sample, factor)) as S;
    } finally {
      disposeSample(sample);
    }
  }

  /**
   * An image, such as a reconstruction, in the unit of the data.
   *
   * @param scale - its factor. Default: {@link scale}.
   */
  denormalize(image: Tensor, scale: number = this.scale): Tensor {
    checkTensor("Normalized.denormalize", "image", image);
    return image.mul(checkNumber("Normalized", "scale", scale, { positive: true }));
  }

  async #fit(): Promise<number> {
    if (this.length === 0) throw new ArgumentError("Normalized: the dataset is empty.", "empty_data");
    const count = Math.min(this.#samples, this.length);
    // A stream of its own: the factor is the same whenever it is computed, and moves no other stream.
    const rng = new Rng(0);
    const values: number[] = [];
    for (let i = 0; i < count; i++) {
      const sample = await exampleOf("Normalized", this.#dataset, Math.floor((i * this.length) / count), { rng });
      try {
        for (const value of await this.#magnitudes(sample)) values.push(value);
      } finally {
        disposeSample(sample);
      }
    }
    this.#scale = quantileOf(values, this.#quantile);
    return this.#scale;
  }

  async #factorOf(sample: Sample): Promise<number> {
    if (!sample.y) {
      throw new ArgumentError(
        'Normalized: by is "sample", but a sample has no y; measure it first, with MeasuredDataset.',
        "missing_argument",
      );
    }
    return quantileOf(await this.#magnitudes(sample), this.#quantile);
  }

  /** Absolute values of the image that a sample shows, a part of them where there are many. */
  async #magnitudes(sample: Sample): Promise<number[]> {
    const image = noGrad(() => tidy(() => this.#image(sample).clone()));
    try {
      const data = await image.data();
      const count = Math.min(data.length, VALUES_PER_SAMPLE);
      return Array.from({ length: count }, (_, i) => Math.abs(data[Math.floor((i * data.length) / count)] as number));
    } finally {
      image.dispose();
    }
  }

  #image({ x, y, params = {} }: Sample): Tensor {
    if (!y && !x) throw new ArgumentError("Normalized: a sample has neither x nor y.", "missing_argument");
    if (y && !(y instanceof Tensor)) {
      throw new ArgumentError(
        "Normalized: y is a list of tensors, as stacked physics measures, expected one tensor.",
        "invalid_argument",
      );
    }
    if (!y || !this.#physics) return (y ?? x) as Tensor;
    const own = Object.entries(params).map(([name, value]) => [name, value.unsqueeze(0)] as const);
    const physics = own.length > 0 ? this.#physics.withParameters(Object.fromEntries(own)) : this.#physics;
    const back = physics.AAdjoint(y.unsqueeze(0));
    const again = physics.A(back);
    const [numerator, denominator] = [back, again].map((t) => meanSquare(t).mul(t.size)) as [Tensor, Tensor];
    return back.mul(numerator.div(denominator.add(denominator.eq(0))).reshape([]));
  }

  #divided(sample: Sample, factor: number): Sample {
    const noise: Readonly<Record<string, unknown>> = { ...this.#physics?.noiseModel };
    const like = sample.x ?? sample.y;
    const result: Sample = {};
    if (sample.x) result.x = sample.x.div(factor);
    if (sample.y) result.y = sample.y.div(factor);
    const params: Record<string, Tensor> = {};
    for (const [name, value] of Object.entries(sample.params ?? {})) {
      const power = this.#levels[name];
      params[name] = power === undefined ? value.clone() : value.mul(factor ** power);
    }
    if (this.#physics && like) {
      for (const [name, power] of Object.entries(this.#levels)) {
        params[name] ??= scaledLevel(name, noise[name], factor ** power, like);
      }
    }
    if (Object.keys(params).length > 0) result.params = params;
    return result;
  }
}

/** A level of a noise model times a factor, as a tensor of no dimension. */
function scaledLevel(name: string, level: unknown, factor: number, like: Tensor): Tensor {
  if (typeof level === "number") return tensor(level * factor, { dtype: like.dtype, device: like.device });
  if (level instanceof Tensor && level.size === 1) return tidy(() => level.reshape([]).mul(factor));
  throw new ArgumentError(
    `Normalized: ${name} of the physics is no single number; give each sample its own, as params: { ${name} }.`,
    "invalid_argument",
  );
}

/** The value below which the share q of finite values lies; the largest where that is 0, and 1 where all are 0. */
function quantileOf(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values.filter(Number.isFinite)).sort();
  const at = sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
  const largest = sorted.at(-1) ?? 0;
  return at > 0 ? at : largest > 0 ? largest : 1;
}
