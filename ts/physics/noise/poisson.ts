import { perImage, type Level } from "../../functional/index.js";
import { checkFlag } from "../../runtime/index.js";
import type { RandomSource } from "../../random/index.js";
import type { Tensor } from "../../tensor/index.js";
import { checkLevel, checkRange } from "./value-checks.js";
import { NoiseModel, type NoiseOptions, type ParameterRules } from "./noise-model.js";

/** Options of {@link PoissonNoise}. */
export interface PoissonNoiseOptions extends NoiseOptions {
  /** Gain, above 0. Larger values mean more noise. Default: 1. */
  gain?: Level;
  /** Whether to multiply the counts by the gain, so that their mean is the clean measurement. Default: true. */
  normalize?: boolean;
  /** Whether to replace negative clean values by 0 instead of refusing them. Default: false. */
  clipPositive?: boolean;
}

/**
 * Poisson (photon) noise, `y = gain z` with `z ~ Poisson(x / gain)`.
 *
 * With `normalize: false`, `y` is the counts `z`. Needs `x >= 0`, unless `clipPositive` is set.
 */
export class PoissonNoise extends NoiseModel {
  readonly kind = "poisson" as const;
  /** Gain. */
  gain: Level;
  /** Whether counts are multiplied by the gain. */
  readonly normalize: boolean;
  /** Whether negative clean values are replaced by 0. */
  readonly clipPositive: boolean;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: PoissonNoiseOptions = {}) {
    super("PoissonNoise", options, ["gain", "normalize", "clipPositive"]);
    this.gain = checkLevel("PoissonNoise", "gain", options.gain ?? 1, { positive: true });
    this.normalize = checkFlag("PoissonNoise", "normalize", options.normalize, true);
    this.clipPositive = checkFlag("PoissonNoise", "clipPositive", options.clipPositive, false);
  }

  protected override rules(): ParameterRules {
    return { gain: { positive: true } };
  }

  protected override corrupt(y: Tensor, rng: RandomSource): Tensor {
    const gain = perImage("PoissonNoise.forward", "gain", this.gain, y);
    if (!this.clipPositive)
      checkRange("PoissonNoise.forward", y, false, "set clipPositive: true to replace negative values by 0");
    const rate = y.detach().div(gain);
    const counts = rng.poisson(this.clipPositive ? rate.relu() : rate, y);
    return this.normalize ? counts.mul(gain) : counts;
  }
}
