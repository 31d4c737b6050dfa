import { perImage, type Level } from "../../functional/index.js";
import type { RandomSource } from "../../random/index.js";
import type { Tensor } from "../../tensor/index.js";
import { checkLevel } from "./value-checks.js";
import { NoiseModel, type NoiseOptions, type ParameterRules } from "./noise-model.js";

/** Options of {@link LaplaceNoise}. */
export interface LaplaceNoiseOptions extends NoiseOptions {
  /** Scale, at least 0. Default: 0.1. */
  b?: Level;
}

/** The largest |u - 1/2| used, as the noise is infinite at 1/2. Exact in float32. */
const LARGEST_OFFSET = 0.5 - 2 ** -25;

/** Additive Laplace noise, `y = x + e` with `e ~ Laplace(0, b)`: variance `2 b^2`. */
export class LaplaceNoise extends NoiseModel {
  readonly kind = "laplace" as const;
  /** Scale. */
  b: Level;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: LaplaceNoiseOptions = {}) {
    super("LaplaceNoise", options, ["b"]);
    this.b = checkLevel("LaplaceNoise", "b", options.b ?? 0.1, { min: 0 });
  }

  protected override rules(): ParameterRules {
    return { b: { min: 0 } };
  }

  protected override corrupt(y: Tensor, rng: RandomSource): Tensor {
    const b = perImage("LaplaceNoise.forward", "b", this.b, y);
    // Inverse cumulative distribution function: -b sign(u - 1/2) log(1 - 2 |u - 1/2|).
    const centred = rng.uniform(y.shape, y).sub(0.5).clamp(-LARGEST_OFFSET, LARGEST_OFFSET);
    return y.sub(centred.sign().mul(centred.abs().mul(-2).log1p()).mul(b));
  }
}
