import { perImage } from "../functional/index.js";
import { Module, type Reconstructor } from "../nn/index.js";
import type { GammaNoise, GaussianNoise, NoiseModel, Physics, PoissonNoise } from "../physics/index.js";
import { resolveRng, type RandomSource } from "../random/index.js";
import { ArgumentError, ShapeError } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import type { Adapted } from "./pairing.js";
import { checkCounts } from "./shared.js";

/** Settings a {@link ScoreModel} shares with its loss. */
export interface ScoreModelSettings {
  readonly delta: readonly [number, number];
  readonly noiseModel: NoiseModel | null;
  readonly rng: RandomSource | undefined;
  /** Counts a training pass; gives the share of the schedule that is over, between 0 and 1. */
  advance(): number;
}

/**
 * The model a ScoreLoss trains: a network S that estimates the score of the measurements, and Tweedie's formula.
 *
 * - Gaussian: `R(y) = y + sigma^2 S(y)`;
 * - Poisson, y = gain z: `R(y) = y + gain + gain y S(y)`, to first order in the gain; for counts z (normalize false),
 *   whose
 *   clean image is gain times their mean, `R(z) = gain (z + 1 + z S(z))`;
 * - Gamma of shape l: `R(y) = l y / (l - 1 - y S(y))`.
 */
export class ScoreModel extends Module implements Adapted<"ScoreLoss"> {
  readonly adaptedBy = "ScoreLoss" as const;
  /** The network S; its weights are this model's weights, under `model.`. */
  readonly model: Reconstructor;
  readonly #settings: ScoreModelSettings;
  #error: Tensor | undefined;

  constructor(model: Reconstructor, settings: ScoreModelSettings) {
    super();
    this.model = model;
    this.#settings = settings;
    this.training = model.training;
  }

  /**
   * Reconstructs `y`. The score is taken at a slightly perturbed y, as in training.
   *
   * @throws ArgumentError `missing_argument` where there is no noise model, `incompatible_physics` where it has no
   * formula, `invalid_argument` for negative counts; ShapeError where the score does not have the shape of `y`.
   */
  forward(y: Tensor, physics?: Physics, options: { updateParameters?: boolean; rng?: RandomSource } = {}): Tensor {
    const noise = this.#settings.noiseModel ?? physics?.noiseModel;
    if (!noise) {
      throw new ArgumentError(
        "ScoreLoss: the noise model is missing; it comes from the physics given to model.forward(y, physics), or from the loss's option noiseModel.",
        "missing_argument",
      );
    }
    if (noise.kind === "poisson") checkCounts("ScoreLoss", y);
    const rng = resolveRng(options.rng, this.#settings.rng);
    const [low, high] = this.#settings.delta;
    let width: number | Tensor = low;
    if (this.training) {
      const done = this.#settings.advance();
      const shape = y.shape.map((n, dim) => (dim === 0 ? n : 1));
      width = rng.normal(shape, y).mul(high * (1 - done) + low * done);
    }
    const epsilon = rng.normal([...y.shape], y);
    const score = this.model.forward(y.add(epsilon.mul(width)), physics, { rng });
    if (score.shape.join() !== y.shape.join()) {
      throw new ShapeError(
        `ScoreLoss: the network makes a score of shape [${score.shape.join(", ")}] of y of shape [${y.shape.join(", ")}]; they must agree.`,
        "shape_mismatch",
      );
    }
    if (options.updateParameters) this.#error = epsilon.add(score.mul(width)).square().mean();
    return tweedie(y, score, noise);
  }

  /**
   * The mean score error of the last forward pass with `updateParameters`, a scalar.
   *
   * @throws ArgumentError `missing_argument` where there was none.
   */
  error(): Tensor {
    if (this.#error) return this.#error;
    throw new ArgumentError(
      "ScoreLoss: no score error is stored; make xNet with model.forward(y, physics, { updateParameters: true }).",
      "missing_argument",
    );
  }
}

function tweedie(y: Tensor, score: Tensor, noise: NoiseModel): Tensor {
  switch (noise.kind) {
    case "gaussian": {
      const sigma = perImage("ScoreLoss", "sigma", (noise as GaussianNoise).sigma, y);
      return y.add(typeof sigma === "number" ? score.mul(sigma ** 2) : score.mul(sigma.square()));
    }
    case "poisson": {
      const { gain, normalize } = noise as PoissonNoise;
      const step = perImage("ScoreLoss", "gain", gain, y);
      const correction = y.mul(score).add(1);
      return normalize ? y.add(correction.mul(step)) : y.add(correction).mul(step);
    }
    case "gamma": {
      const l = perImage("ScoreLoss", "l", (noise as GammaNoise).l, y);
      const denominator = y
        .mul(score)
        .neg()
        .add(typeof l === "number" ? l - 1 : l.sub(1));
      return y.mul(l).div(denominator);
    }
    default:
      throw new ArgumentError(
        `ScoreLoss: there is no formula for ${noise.kind} noise; it needs gaussian, poisson or gamma noise.`,
        "incompatible_physics",
      );
  }
}
