import { perImage, type Level } from "../../functional/index.js";
import type { RandomSource } from "../../random/index.js";
import type { Tensor } from "../../tensor/index.js";
import { checkLevel } from "./value-checks.js";
import { NoiseModel, type NoiseOptions, type ParameterRules } from "./noise-model.js";

/** Options of {@link UniformNoise}. */
export interface UniformNoiseOptions extends NoiseOptions {
  /** Half-width of the interval, at least 0. Default: 0.1. */
  a?: Level;
}

/** Additive uniform noise, `y = x + e` with `e ~ U(-a, a)`: variance `a^2 / 3`. */
export class UniformNoise extends NoiseModel {
  readonly kind = "uniform" as const;
  /** Half-width of the interval. */
  a: Level;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: UniformNoiseOptions = {}) {
    super("UniformNoise", options, ["a"]);
    this.a = checkLevel("UniformNoise", "a", options.a ?? 0.1, { min: 0 });
  }

  protected override rules(): ParameterRules {
    return { a: { min: 0 } };
  }

  protected override corrupt(y: Tensor, rng: RandomSource): Tensor {
    const a = perImage("UniformNoise.forward", "a", this.a, y);
    return y.add(rng.uniform(y.shape, y).sub(0.5).mul(2).mul(a));
  }
}
