import { safeSqrt, perImage, type Level } from "../../functional/index.js";
import type { RandomSource } from "../../random/index.js";
import type { Tensor } from "../../tensor/index.js";
import { checkLevel } from "./value-checks.js";
import { NoiseModel, type NoiseOptions, type ParameterRules } from "./noise-model.js";

/** Options of {@link RicianNoise}. */
export interface RicianNoiseOptions extends NoiseOptions {
  /** Standard deviation of each component, at least 0. Default: 0.1. */
  sigma?: Level;
}

/**
 * Rician noise of magnitude images, `y = sqrt((x + sigma n1)^2 + (sigma n2)^2)` with `n1, n2 ~ N(0, I)`.
 *
 * The result is nonnegative, and biased upwards where `x` is small.
 */
export class RicianNoise extends NoiseModel {
  readonly kind = "rician" as const;
  /** Standard deviation of each component. */
  sigma: Level;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: RicianNoiseOptions = {}) {
    super("RicianNoise", options, ["sigma"]);
    this.sigma = checkLevel("RicianNoise", "sigma", options.sigma ?? 0.1, { min: 0 });
  }

  protected override rules(): ParameterRules {
    return { sigma: { min: 0 } };
  }

  protected override corrupt(y: Tensor, rng: RandomSource): Tensor {
    const sigma = perImage("RicianNoise.forward", "sigma", this.sigma, y);
    const real = rng.normal(y.shape, y).mul(sigma).add(y);
    const imaginary = rng.normal(y.shape, y).mul(sigma);
    return safeSqrt(real.square().add(imaginary.square()));
  }
}
