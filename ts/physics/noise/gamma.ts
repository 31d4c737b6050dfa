import { perImage, type Level } from "../../functional/index.js";
import type { RandomSource } from "../../random/index.js";
import { cat, Tensor } from "../../tensor/index.js";
import { ShapeError } from "../../runtime/index.js";
import { checkLevel, nonNegative, undefinedWhere } from "./value-checks.js";
import { NoiseModel, type NoiseOptions, type ParameterRules } from "./noise-model.js";

/** Options of {@link GammaNoise}. */
export interface GammaNoiseOptions extends NoiseOptions {
  /** Number of looks, above 0. Larger values mean less noise. Default: 1. */
  l?: Level;
}

/**
 * Random numbers from Gamma(shape `l`, scale 1), shaped like `y`; `l` is one number or one per image.
 *
 * Reads a tensor `l`, as the numbers are drawn on the CPU.
 */
export function gammaValues(caller: string, l: Level, y: Tensor, rng: RandomSource): Tensor {
  if (typeof l === "number") return rng.gamma(l, 1, y.shape, y);
  const values = l.dataSync();
  if (values.length === 1) return rng.gamma(values[0] ?? 1, 1, y.shape, y);
  if (l.shape.length !== 1 && l.size !== y.shape[0]) {
    throw new ShapeError(
      `${caller}: l has shape [${l.shape.join(", ")}], expected one value or one per image.`,
      "shape_mismatch",
    );
  }
  const one = [1, ...y.shape.slice(1)];
  return cat(
    Array.from(values, (value) => rng.gamma(value, 1, one, y)),
    0,
  );
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
