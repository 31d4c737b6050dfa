import { perImage, type Level } from "../../functional/index.js";
import type { RandomSource } from "../../random/index.js";
import type { Tensor } from "../../tensor/index.js";
import { checkLevel } from "./value-checks.js";
import { NoiseModel, type NoiseOptions, type ParameterRules } from "./noise-model.js";

/** Options of {@link GaussianNoise}. */
export interface GaussianNoiseOptions extends NoiseOptions {
  /** Standard deviation, at least 0. Default: 0.1. */
  sigma?: Level;
}

/**
 * Additive Gaussian noise, `y = x + sigma n` with `n ~ N(0, I)`.
 *
 * `sigma` is one number or one value per image.
 */
export class GaussianNoise extends NoiseModel {
  readonly kind = "gaussian" as const;
  /** Standard deviation. */
  sigma: Level;

  /** @throws ArgumentError `invalid_argument` for a negative or NaN sigma, `unknown_option`. */
  constructor(options: GaussianNoiseOptions = {}) {
    super("GaussianNoise", options, ["sigma"]);
    this.sigma = checkLevel("GaussianNoise", "sigma", options.sigma ?? 0.1, { min: 0 });
  }

  protected override rules(): ParameterRules {
    return { sigma: { min: 0 } };
  }

  protected override corrupt(y: Tensor, rng: RandomSource): Tensor {
    const sigma = perImage("GaussianNoise.forward", "sigma", this.sigma, y);
    return y.add(rng.normal(y.shape, y).mul(sigma));
  }
}
