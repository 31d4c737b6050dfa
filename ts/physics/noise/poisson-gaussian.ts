import { perImage, type Level } from "../../functional/index.js";
import { checkNumber, checkFlag } from "../../runtime/index.js";
import type { RandomSource } from "../../random/index.js";
import type { Tensor } from "../../tensor/index.js";
import { checkLevel, nonNegative, undefinedWhere } from "./value-checks.js";
import { NoiseModel, type NoiseOptions, type ParameterRules } from "./noise-model.js";

const HINT = "set clipPositive: true to replace negative values by 0";

/** Options of {@link PoissonGaussianNoise}. */
export interface PoissonGaussianNoiseOptions extends NoiseOptions {
  /** Gain of the Poisson part, at least 0. Default: 1. */
  gain?: Level;
  /** Standard deviation of the Gaussian part, at least 0. Default: 0.1. */
  sigma?: Level;
  /** Whether to replace negative clean values by 0 instead of refusing them. Default: false. */
  clipPositive?: boolean;
  /** Lower bound of the gain, so that a gain of 0 means no Poisson noise. Default: 1e-12. */
  minGain?: number;
}

/**
 * Poisson and Gaussian noise, `y = gain z + sigma n` with `z ~ Poisson(x / gain)` and `n ~ N(0, I)`.
 *
 * Needs `x >= 0`, as {@link PoissonNoise} does.
 */
export class PoissonGaussianNoise extends NoiseModel {
  readonly kind = "poissonGaussian" as const;
  /** Gain of the Poisson part. */
  gain: Level;
  /** Standard deviation of the Gaussian part. */
  sigma: Level;
  /** Whether negative clean values are replaced by 0. */
  readonly clipPositive: boolean;
  /** Lower bound of the gain. */
  readonly minGain: number;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: PoissonGaussianNoiseOptions = {}) {
    super("PoissonGaussianNoise", options, ["gain", "sigma", "clipPositive", "minGain"]);
    this.gain = checkLevel("PoissonGaussianNoise", "gain", options.gain ?? 1, { min: 0 });
    this.sigma = checkLevel("PoissonGaussianNoise", "sigma", options.sigma ?? 0.1, { min: 0 });
    this.clipPositive = checkFlag("PoissonGaussianNoise", "clipPositive", options.clipPositive, false);
    this.minGain = checkNumber("PoissonGaussianNoise", "minGain", options.minGain ?? 1e-12, { positive: true });
  }

  protected override rules(): ParameterRules {
    return { gain: { min: 0 }, sigma: { min: 0 } };
  }

  protected override corrupt(y: Tensor, rng: RandomSource, clipPositive: boolean): Tensor {
    const caller = "PoissonGaussianNoise.forward";
    const given = perImage(caller, "gain", this.gain, y);
    const gain = typeof given === "number" ? Math.max(given, this.minGain) : given.maximum(this.minGain);
    const sigma = perImage(caller, "sigma", this.sigma, y);
    const clean = y.detach();
    const rate = nonNegative(caller, this.clipPositive ? clean.relu() : clean, clipPositive, HINT).div(gain);
    const noisy = rng.poisson(rate, y).mul(gain).add(rng.normal(y.shape, y).mul(sigma));
    return clipPositive ? noisy.add(undefinedWhere(y)) : noisy;
  }
}
