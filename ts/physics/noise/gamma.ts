import { drawPerImage, perImage, type Level } from "../../functional/index.js";
import type { RandomSource } from "../../random/index.js";
import type { Tensor } from "../../tensor/index.js";
import { checkLevel, nonNegative, undefinedWhere } from "./value-checks.js";
import { NoiseModel, type NoiseOptions, type ParameterRules } from "./noise-model.js";

/** Options of {@link GammaNoise}. */
export interface GammaNoiseOptions extends NoiseOptions {
  /** Number of looks, above 0. Larger values mean less noise. Default: 1. */
  l?: Level;
}

/** Random numbers from Gamma(shape `l`, scale 1), shaped like `y`; `l` is one number or one per image. */
export function gammaValues(caller: string, l: Level, y: Tensor, rng: RandomSource): Tensor {
  return drawPerImage(caller, "l", l, y, (level, shape) => rng.gamma(level, 1, shape, y));
}

/**
 * Gamma (speckle) noise, `y = x g / l` with `g ~ Gamma(shape l, scale 1)`: mean `x`, variance `x^2 / l`.
 *
 * Needs `x >= 0`; where `x` is 0, so is `y`. Values below 0 by at most 1e-6 of the largest one are rounding errors of
 * an operator and count as 0; others are refused, or replaced by 0 with `clipPositive` in the call.
 */
export class GammaNoise extends NoiseModel {
  readonly kind = "gamma" as const;
  /** Number of looks. */
  l: Level;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: GammaNoiseOptions = {}) {
    super("GammaNoise", options, ["l"]);
    this.l = checkLevel("GammaNoise", "l", options.l ?? 1, { positive: true });
  }

  protected override rules(): ParameterRules {
    return { l: { positive: true } };
  }

  protected override corrupt(y: Tensor, rng: RandomSource, clipPositive: boolean): Tensor {
    const l = perImage("GammaNoise.forward", "l", this.l, y);
    const clean = nonNegative("GammaNoise.forward", y, clipPositive, "clamp the image from below");
    const noisy = gammaValues("GammaNoise.forward", this.l, y, rng).mul(clean).div(l);
    return clipPositive ? noisy.add(undefinedWhere(y)) : noisy;
  }
}
