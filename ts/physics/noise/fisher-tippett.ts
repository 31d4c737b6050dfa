import { perImage, type Level } from "../../functional/index.js";
import type { RandomSource } from "../../random/index.js";
import type { Tensor } from "../../tensor/index.js";
import { gammaValues } from "./gamma.js";
import { checkLevel } from "./value-checks.js";
import { NoiseModel, type NoiseOptions, type ParameterRules } from "./noise-model.js";

/** Options of {@link FisherTippettNoise}. */
export interface FisherTippettNoiseOptions extends NoiseOptions {
  /** Number of looks, above 0. Larger values mean less noise. Default: 1. */
  l?: Level;
}

/** The smallest normal number of float32. */
const SMALLEST_NORMAL = 2 ** -126;

/** Fisher-Tippett noise on log-intensities, `y = log(exp(x) g / l)` with `g ~ Gamma(shape l, scale 1)`. */
export class FisherTippettNoise extends NoiseModel {
  readonly kind = "fisherTippett" as const;
  /** Number of looks. */
  l: Level;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: FisherTippettNoiseOptions = {}) {
    super("FisherTippettNoise", options, ["l"]);
    this.l = checkLevel("FisherTippettNoise", "l", options.l ?? 1, { positive: true });
  }

  protected override rules(): ParameterRules {
    return { l: { positive: true } };
  }

  protected override corrupt(y: Tensor, rng: RandomSource): Tensor {
    const l = perImage("FisherTippettNoise.forward", "l", this.l, y);
    // x + log(g / l) instead of log(exp(x) g / l), which overflows for large x. For small l, a draw may underflow to 0.
    return y.add(gammaValues("FisherTippettNoise.forward", this.l, y, rng).maximum(SMALLEST_NORMAL).div(l).log());
  }
}
