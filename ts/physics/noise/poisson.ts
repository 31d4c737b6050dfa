import { perImage, type Level } from "../../functional/index.js";
import { checkFlag } from "../../runtime/index.js";
import type { RandomSource } from "../../random/index.js";
import type { Tensor } from "../../tensor/index.js";
import { checkLevel, nonNegative, undefinedWhere } from "./value-checks.js";
import { NoiseModel, type NoiseOptions, type ParameterRules } from "./noise-model.js";

const HINT = "set clipPositive: true to replace negative values by 0";

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
 * With `normalize: false`, `y` is the counts `z`. Needs `x >= 0`: there is no Poisson variable of negative rate. Values
 * below 0 by at most 1e-6 of the largest one are rounding errors of an operator and count as 0; others are refused, or
 * replaced by 0 with `clipPositive`, here or in the call. The counts are drawn, and have no derivative with respect to
 * `x`.
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

  protected override corrupt(y: Tensor, rng: RandomSource, clipPositive: boolean): Tensor {
    const gain = perImage("PoissonNoise.forward", "gain", this.gain, y);
    const clean = y.detach();
    const rate = nonNegative("PoissonNoise.forward", this.clipPositive ? clean.relu() : clean, clipPositive, HINT).div(
      gain,
    );
    const counts = rng.poisson(rate, y);
    const noisy = this.normalize ? counts.mul(gain) : counts;
    return clipPositive ? noisy.add(undefinedWhere(y)) : noisy;
  }
}
