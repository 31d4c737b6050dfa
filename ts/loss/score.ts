import type { Reconstructor } from "../nn/index.js";
import type { RandomSource } from "../random/index.js";
import { ArgumentError, checkNumber, checkOptions } from "../runtime/index.js";
import { tensor, type Tensor } from "../tensor/index.js";
import { lossAssumptions } from "./assumptions.js";
import { Loss } from "./loss.js";
import type { ArgsOf } from "./pairing.js";
import type { SplittableNoise } from "./recorruption.js";
import { ScoreModel } from "./score-model.js";

/** Options of {@link ScoreLoss}. */
export interface ScoreLossOptions {
  /** Noise of the measurements: Gaussian, Poisson or Gamma. Default null: that of the physics. */
  noiseModel?: SplittableNoise | null;
  /** Training passes over which the perturbation shrinks. Default 1000. */
  totalBatches?: number;
  /** Smallest and largest width of the perturbation. Default [0.001, 0.1]. */
  delta?: readonly [number, number];
  rng?: RandomSource;
}

/**
 * Noise2Score: learns the score S of the noisy measurements, from which Tweedie's formula denoises (Kim, Ye, 2021).
 *
 * `|epsilon + s S(y + s epsilon)|^2 / m`, epsilon standard normal, s normal with a deviation that shrinks from the
 * largest to the smallest `delta` over training. For denoising.
 *
 * The network must be adapted: `model = loss.adaptModel(network)`, and xNet made with `updateParameters: true`.
 *
 * @returns a scalar, the mean over the batch.
 */
export class ScoreLoss extends Loss {
  readonly name: string = "ScoreLoss";
  readonly assumptions = lossAssumptions.ScoreLoss;
  readonly noiseModel: SplittableNoise | null;
  readonly totalBatches: number;
  readonly delta: readonly [number, number];
  private readonly rng: RandomSource | undefined;
  private passes = 0;

  /** @throws ArgumentError `unknown_option`, `invalid_argument` or `incompatible_physics`. */
  constructor(options: ScoreLossOptions = {}) {
    super();
    checkOptions("ScoreLoss", options, ["noiseModel", "totalBatches", "delta", "rng"]);
    this.noiseModel = options.noiseModel ?? null;
    if (this.noiseModel && !(this.assumptions.noise as readonly string[]).includes(this.noiseModel.kind)) {
      throw new ArgumentError(
        `ScoreLoss: noiseModel must be a GaussianNoise, PoissonNoise or GammaNoise, got ${String(this.noiseModel.kind)}.`,
        "incompatible_physics",
      );
    }
    this.totalBatches = checkNumber("ScoreLoss", "totalBatches", options.totalBatches ?? 1000, {
      integer: true,
      min: 1,
    });
    this.delta = options.delta ?? [0.001, 0.1];
    if (!Array.isArray(this.delta) || this.delta.length !== 2) {
      throw new ArgumentError(
        "ScoreLoss: delta must be two numbers, the smallest and the largest width.",
        "invalid_argument",
      );
    }
    for (const width of this.delta) checkNumber("ScoreLoss", "delta", width, { positive: true });
    if (this.delta[0] > this.delta[1])
      throw new ArgumentError(
        `ScoreLoss: delta is [${this.delta.join(", ")}], expected the smallest width first.`,
        "invalid_argument",
      );
    this.rng = options.rng;
  }

  forward(args: ArgsOf<"ScoreLoss">): Tensor {
    this.check(args);
    const model: unknown = args.model;
    if (!(model instanceof ScoreModel)) {
      throw new ArgumentError("ScoreLoss: model must be the ScoreModel that adaptModel returns.", "model_not_adapted");
    }
    return model.error();
  }

  /** The model that turns the score network into a denoiser; an adapted model comes back as it is. */
  override adaptModel(model: Reconstructor): ScoreModel {
    if (model instanceof ScoreModel) return model;
    const { delta, noiseModel, rng } = this;
    // Past the last planned batch the perturbation stays at its smallest.
    const advance = () => Math.min(++this.passes / this.totalBatches, 1);
    return new ScoreModel(model, { delta, noiseModel, rng, advance });
  }

  override stateDict(): Record<string, Tensor> {
    return { passes: tensor(this.passes) };
  }

  override loadStateDict(state: Record<string, Tensor>): void {
    if (state.passes) this.passes = state.passes.itemSync();
  }

  /** A noise model given as an option stands in for that of the physics. */
  protected override checkPhysics(physics: unknown): void {
    if (this.noiseModel === null) super.checkPhysics(physics);
  }
}
