import { checkModel } from "../nn/index.js";
import type { Reconstructor } from "../nn/index.js";
import type { RandomSource } from "../random/index.js";
import { ArgumentError, checkObject } from "../runtime/index.js";
import { tensor, type Tensor, freeOnError } from "../tensor/index.js";
import type { ArgsOf } from "./args.js";
import { NamedLoss } from "./named-loss.js";
import { number, type OptionReader, type OptionReaders, pair, randomStream, readOptions } from "./options.js";
import { ScoreModel } from "./score-model.js";
import { noiseOption, type SplittableNoise } from "./splittable-noise.js";

/** Options of {@link ScoreLoss}. */
export interface ScoreLossOptions {
  /** Noise of the measurements: Gaussian, Poisson or Gamma. Default: null, that of the physics. */
  noiseModel?: SplittableNoise | null;
  /** Training passes over which the perturbation shrinks. Default: 1000. */
  totalBatches?: number;
  /** Smallest and largest standard deviation of the perturbation. Default: [0.001, 0.1]. */
  delta?: readonly [number, number];
  /** Random stream, unless a call brings its own. */
  rng?: RandomSource;
}

const deltaPair = pair([0.001, 0.1], "the smallest and the largest standard deviation", { positive: true });
const deltaOption: OptionReader<readonly [number, number]> = (value, name, key) => {
  const [low, high] = deltaPair(value, name, key);
  if (low <= high) return [low, high];
  throw new ArgumentError(`${name}: ${key} is [${low}, ${high}], expected the smallest first.`, "invalid_argument");
};

const OPTIONS = {
  noiseModel: noiseOption,
  totalBatches: number(1000, { integer: true, min: 1 }),
  delta: deltaOption,
  rng: randomStream,
} satisfies OptionReaders<ScoreLossOptions>;

/**
 * Noise2Score: learns the score S of the noisy measurements, from which Tweedie's formula denoises (Kim, Ye,
 * "Noise2Score: Tweedie's approach to self-supervised image denoising without clean images", 2021, arXiv:2106.07009).
 *
 * `|epsilon + s S(y + s epsilon)|^2 / m`, epsilon standard normal, s normal with a standard deviation that shrinks from
 * the largest to the smallest `delta` over training. For denoising.
 *
 * The network must be adapted: `model = loss.adaptModel(network)`, and xNet made with `updateParameters: true`.
 *
 * @returns a scalar, the mean over the batch.
 */
export class ScoreLoss extends NamedLoss<"ScoreLoss"> {
  readonly noiseModel: SplittableNoise | null;
  readonly totalBatches: number;
  readonly delta: readonly [number, number];
  readonly #rng: RandomSource | undefined;
  #passes = 0;

  /** @throws ArgumentError `unknown_option`, `invalid_argument` or `incompatible_physics`. */
  constructor(options: ScoreLossOptions = {}) {
    super("ScoreLoss");
    const { noiseModel, totalBatches, delta, rng } = readOptions(this.name, options, OPTIONS);
    this.noiseModel = noiseModel;
    this.totalBatches = totalBatches;
    this.delta = delta;
    this.#rng = rng;
  }

  forward(args: ArgsOf<"ScoreLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      return this.adapted(args.model, ScoreModel).error();
    });
  }

  /** The model that turns the score network into a denoiser; an adapted model is returned unchanged. */
  override adaptModel(model: Reconstructor): ScoreModel {
    checkModel(this.name, "model", model);
    if (model instanceof ScoreModel) return model;
    const { delta, noiseModel } = this;
    // After the last planned batch the perturbation stays at its smallest.
    const advance = () => Math.min(++this.#passes / this.totalBatches, 1);
    return new ScoreModel(model, { delta, noiseModel, rng: this.#rng, advance });
  }

  override stateDict(): Record<string, Tensor> {
    return { passes: tensor(this.#passes) };
  }

  override loadStateDict(state: Record<string, Tensor>): void {
    checkObject(this.name, "state", state);
    if (state.passes) this.#passes = state.passes.itemSync();
  }

  /** The option `noiseModel` replaces the noise of the physics. */
  override checkPhysics(physics: unknown): void {
    if (this.noiseModel === null) super.checkPhysics(physics);
  }
}
