import { perImage } from "../functional/index.js";
import type { Reconstructor, ReconstructOptions } from "../nn/index.js";
import type { GammaNoise, GaussianNoise, NoiseModel, Physics, PoissonNoise } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { ArgumentError, ShapeError, checkObject, checkOptionsObject } from "../runtime/index.js";
import { where, type Tensor, checkTensor, freeOnError } from "../tensor/index.js";
import { AdaptedModel } from "./adapted-model.js";
import { checkCounts } from "./counts.js";
import { noiseOf } from "./splittable-noise.js";

/** Settings a {@link ScoreModel} shares with its loss. */
export interface ScoreModelSettings {
  readonly delta: readonly [number, number];
  readonly noiseModel: NoiseModel | null;
  readonly rng: RandomSource | undefined;
  /** Counts a training pass; returns the share of the schedule that is over, between 0 and 1. */
  advance(): number;
}

/**
 * The model a ScoreLoss trains: a network S that estimates the score of the measurements, and Tweedie's formula.
 *
 * - Gaussian: `R(y) = y + sigma^2 S(y)`;
 * - Poisson, y = gain z: `R(y) = y + gain + gain y S(y)`, to first order in the gain; for counts z (`normalize` false),
 *   whose clean image is gain times their mean, `R(z) = gain (z + 1 + z S(z))`;
 * - Gamma of shape l: `R(y) = l y / (l - 1 - y S(y))`.
 */
export class ScoreModel extends AdaptedModel<"ScoreLoss"> {
  readonly #settings: ScoreModelSettings;
  #error: Tensor | undefined;

  constructor(model: Reconstructor, settings: ScoreModelSettings) {
    checkObject(new.target.name, "settings", settings);
    super("ScoreLoss", model, settings.rng);
    this.#settings = settings;
  }

  /**
   * Reconstructs `y`. The score is evaluated at a slightly perturbed y, as in training.
   *
   * @throws ArgumentError `missing_argument` where there is no noise model, `incompatible_physics` where it has no
   * formula, `invalid_argument` for negative counts; ShapeError `shape_mismatch` where the score does not have the
   * shape of `y`.
   */
  forward(y: Tensor, physics?: Physics, options: ReconstructOptions = {}): Tensor {
    checkTensor(this.adaptedBy, "y", y);
    checkOptionsObject(this.adaptedBy, options);
    return freeOnError(() => {
      const noise = noiseOf(this.adaptedBy, this.#settings.noiseModel, physics);
      if (noise.kind === "poisson") checkCounts(this.adaptedBy, y);
      const rng = this.stream(options);
      const s = this.#perturbation(y, rng);
      const epsilon = rng.normal([...y.shape], y);
      const score = this.model.forward(y.add(epsilon.mul(s)), physics, { rng });
      if (score.shape.join() !== y.shape.join()) {
        throw new ShapeError(
          `${this.adaptedBy}: the network returns a score of shape [${score.shape.join(", ")}] for y of shape ` +
            `[${y.shape.join(", ")}]; they must agree.`,
          "shape_mismatch",
        );
      }
      if (options.updateParameters) this.#error = epsilon.add(score.mul(s)).square().mean();
      return tweedie(this.adaptedBy, y, score, noise);
    });
  }

  /**
   * The mean score error of the last forward pass with `updateParameters`, a scalar.
   *
   * @throws ArgumentError `missing_argument` where there was none.
   */
  error(): Tensor {
    return this.kept(this.#error, "score error");
  }

  /** The factor s of the perturbation: in training a draw for each image, in evaluation the smallest `delta`. */
  #perturbation(y: Tensor, rng: RandomSource): number | Tensor {
    const [low, high] = this.#settings.delta;
    if (!this.training) return low;
    const done = this.#settings.advance();
    const shape = y.shape.map((n, dim) => (dim === 0 ? n : 1));
    return rng.normal(shape, y).mul(high * (1 - done) + low * done);
  }
}

function tweedie(name: string, y: Tensor, score: Tensor, noise: NoiseModel): Tensor {
  switch (noise.kind) {
    case "gaussian": {
      const sigma = perImage(name, "sigma", (noise as GaussianNoise).sigma, y);
      return y.add(typeof sigma === "number" ? score.mul(sigma ** 2) : score.mul(sigma.square()));
    }
    case "poisson": {
      const { gain, normalize } = noise as PoissonNoise;
      const level = perImage(name, "gain", gain, y);
      const correction = y.mul(score).add(1);
      return normalize ? y.add(correction.mul(level)) : y.add(correction).mul(level);
    }
    case "gamma": {
      const l = perImage(name, "l", (noise as GammaNoise).l, y);
      const denominator = y
        .mul(score)
        .neg()
        .add(typeof l === "number" ? l - 1 : l.sub(1));
      // Where y is 0, so is the image; for l = 1 the formula would be 0 / 0.
      return y.mul(l).div(where(y.eq(0), y.add(1), denominator));
    }
    default:
      throw new ArgumentError(
        `${name}: there is no formula for ${noise.kind} noise; use gaussian, poisson or gamma noise.`,
        "incompatible_physics",
      );
  }
}
