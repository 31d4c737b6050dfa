import { Physics, PhysicsGenerator, StackedPhysics, TensorList } from "../physics/index.js";
import { type RandomSource, resolveRng, Rng, seedValue } from "../random/index.js";
import { ArgumentError, checkNumber, checkOptions } from "../runtime/index.js";
import { noGrad, type Tensor, tidy } from "../tensor/index.js";
import { checkDataset } from "./check-dataset.js";
import { checkSample, sourceOf } from "./check-sample.js";
import {
  type Dataset,
  disposeSample,
  type Measurement,
  prefetchOf,
  type PrefetchOptions,
  type Sample,
  exampleOf,
} from "./dataset.js";

/** What a physics of type `P` measures. */
type MeasuredBy<P> = P extends StackedPhysics ? TensorList : Tensor;

/** Options of {@link MeasuredDataset}. */
export interface MeasuredDatasetOptions<P extends Physics | StackedPhysics = Physics> {
  /** Samples with `x`. A sample that has `y` as well keeps it. */
  readonly dataset: Dataset<Measurement>;
  /** Makes the measurements. */
  readonly physics: P;
  /** Draws the parameters of the physics of each sample, such as its mask; they become the sample's `params`. */
  readonly physicsGenerator?: PhysicsGenerator;
  /** Determines all draws. Default: drawn from `rng`. */
  readonly seed?: number;
  /** Random stream of the seed, from which nothing else is drawn. Default: a stream of the whole library. */
  readonly rng?: RandomSource;
}

/**
 * Images measured once: sample `i` has the same measurement whenever, wherever and however often it is taken.
 *
 * `get(i)` draws from the stream of (`seed`, `i`): what the inner dataset draws (crops, flips: sample `i` of a
 * {@link PatchDataset} is one fixed patch), the parameters of the physics, and the noise. The stream that a loader
 * passes is not used, and no measurement is stored.
 *
 * To train on random patches of noisy images, measure the images first:
 * `new PatchDataset({ dataset: new MeasuredDataset({ dataset: images, physics }), size })`.
 *
 * Samples are `{ x, y, params? }`, without batch dimension; of stacked physics `y` is a `TensorList`.
 */
export class MeasuredDataset<P extends Physics | StackedPhysics = Physics> implements Dataset<MeasuredBy<P>> {
  /** Determines all draws. */
  readonly seed: number;
  readonly #dataset: Dataset<Measurement>;
  readonly #physics: P;
  readonly #generator: PhysicsGenerator | undefined;

  /** @throws ArgumentError `missing_argument`, `unknown_option`, `invalid_argument`. */
  constructor(options: MeasuredDatasetOptions<P>) {
    checkOptions("MeasuredDataset", options, ["dataset", "physics", "physicsGenerator", "seed", "rng"]);
    checkDataset("MeasuredDataset", options?.dataset);
    const { dataset, physics, physicsGenerator, seed, rng } = options;
    if (physics === undefined || physics === null)
      throw new ArgumentError("MeasuredDataset: physics is missing; it makes the measurements.", "missing_argument");
    if (!(physics instanceof Physics || physics instanceof StackedPhysics)) {
      throw new ArgumentError(
        "MeasuredDataset: physics is of another kind, expected a physics, such as new physics.Denoising().",
        "invalid_argument",
      );
    }
    if (physicsGenerator !== undefined && !(physicsGenerator instanceof PhysicsGenerator)) {
      throw new ArgumentError(
        "MeasuredDataset: physicsGenerator is not a generator; pass one, such as new physics.SigmaGenerator().",
        "invalid_argument",
      );
    }
    this.seed =
      seed === undefined
        ? seedValue(resolveRng(rng))
        : checkNumber("MeasuredDataset", "seed", seed, {
            integer: true,
            min: -Number.MAX_SAFE_INTEGER,
            max: Number.MAX_SAFE_INTEGER,
          });
    this.#dataset = dataset;
    this.#physics = physics;
    this.#generator = physicsGenerator;
  }

  get length(): number {
    return this.#dataset.length;
  }

  /** Where an image comes from. */
  source(index: number): string | undefined {
    return sourceOf(this.#dataset, index);
  }

  /** Begins to read what a sample needs; gives what ends that. */
  prefetch(index: number, options: PrefetchOptions = {}): (() => void) | undefined {
    return prefetchOf(this.#dataset, index, options);
  }

  /**
   * One image with its measurement.
   *
   * @throws ArgumentError `missing_argument` where a sample has neither x nor y, `non_finite_data` where it has a NaN
   * or infinite value; the errors of dataset and physics.
   */
  async get(index: number): Promise<Sample<MeasuredBy<P>>> {
    const stream = Rng.ofIndex(this.seed, index);
    const [inner, parameters, noise] = [stream.fork(), stream.fork(), stream.fork()];
    const sample = await exampleOf("MeasuredDataset", this.#dataset, index, { rng: inner });
    if (sample.y) return sample as Sample<MeasuredBy<P>>;
    try {
      checkSample(sample, index, this.#dataset);
      return this.#measured(sample, parameters, noise);
    } catch (error) {
      disposeSample(sample);
      throw error;
    }
  }

  #measured(sample: Sample<Measurement>, parameters: RandomSource, noise: RandomSource): Sample<MeasuredBy<P>> {
    const { x } = sample;
    if (!x)
      throw new ArgumentError(
        "MeasuredDataset: a sample has neither x nor y, expected an image x to measure.",
        "missing_argument",
      );
    const made = noGrad(() =>
      tidy(() => {
        const own = Object.entries(sample.params ?? {}).map(([name, value]) => [name, value.unsqueeze(0)] as const);
        const drawn = this.#generator?.step(1, { rng: parameters }) ?? {};
        const params = { ...drawn, ...Object.fromEntries(own) };
        const named = Object.keys(params).length > 0;
        const physics: Physics | StackedPhysics = named ? this.#physics.withParameters(params) : this.#physics;
        const y: Measurement = physics.forward(x.unsqueeze(0), { rng: noise });
        // Copies, because views would keep the memory of the batch of one alive.
        const single = (value: Tensor): Tensor => value.squeeze(0).clone();
        return {
          y: y instanceof TensorList ? y.map(single) : single(y),
          params: Object.fromEntries(Object.entries(params).map(([name, value]) => [name, single(value)])),
        };
      }),
    );
    for (const value of Object.values(sample.params ?? {})) value.dispose();
    const named = Object.keys(made.params).length > 0 ? { params: made.params } : {};
    // `tidy` sees the tensors of an array, not those of a TensorList.
    const y: Measurement = Array.isArray(made.y) ? new TensorList(made.y) : made.y;
    return { x, y: y as MeasuredBy<P>, ...named };
  }
}
