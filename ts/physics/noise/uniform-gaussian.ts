import { perImage, type Level } from "../../functional/index.js";
import { ArgumentError } from "../../runtime/index.js";
import type { RandomSource } from "../../random/index.js";
import type { Tensor } from "../../tensor/index.js";
import { checkLevel, levelPairs } from "./value-checks.js";
import { NoiseModel, type NoiseOptions, type ParameterRules } from "./noise-model.js";

/** Options of {@link UniformGaussianNoise}. */
export interface UniformGaussianNoiseOptions extends NoiseOptions {
  /** Smallest standard deviation, at least 0. Default: 0. */
  sigmaMin?: Level;
  /** Largest standard deviation, at least `sigmaMin`. Default: 0.5. */
  sigmaMax?: Level;
}

/**
 * Gaussian noise of random level, `y = x + sigma n` with `n ~ N(0, I)` and one `sigma ~ U(sigmaMin, sigmaMax)` per
 * image.
 */
export class UniformGaussianNoise extends NoiseModel {
  readonly kind = "uniformGaussian" as const;
  /** Smallest standard deviation. */
  sigmaMin: Level;
  /** Largest standard deviation. */
  sigmaMax: Level;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: UniformGaussianNoiseOptions = {}) {
    super("UniformGaussianNoise", options, ["sigmaMin", "sigmaMax"]);
    this.sigmaMin = checkLevel("UniformGaussianNoise", "sigmaMin", options.sigmaMin ?? 0, { min: 0 });
    this.sigmaMax = checkLevel("UniformGaussianNoise", "sigmaMax", options.sigmaMax ?? 0.5, { min: 0 });
    checkOrder(this.sigmaMin, this.sigmaMax);
  }

  protected override checkTogether({ sigmaMin, sigmaMax }: Readonly<Record<string, Level>>): void {
    checkOrder(sigmaMin as Level, sigmaMax as Level);
  }

  protected override rules(): ParameterRules {
    return { sigmaMin: { min: 0 }, sigmaMax: { min: 0 } };
  }

  protected override corrupt(y: Tensor, rng: RandomSource): Tensor {
    const caller = "UniformGaussianNoise.forward";
    const low = perImage(caller, "sigmaMin", this.sigmaMin, y);
    const high = perImage(caller, "sigmaMax", this.sigmaMax, y);
    const u = rng.uniform([y.shape[0] ?? 1, ...Array.from({ length: y.shape.length - 1 }, () => 1)], y);
    // low + (high - low) u, in a form in which each may be a number or a tensor.
    const sigma = u.mul(high).add(u.neg().add(1).mul(low));
    return y.add(rng.normal(y.shape, y).mul(sigma));
  }
}

/** Refuses a `sigmaMin` above `sigmaMax`, where both are on the CPU. */
function checkOrder(sigmaMin: Level, sigmaMax: Level): void {
  const wrong = levelPairs(sigmaMin, sigmaMax).find(([low, high]) => low > high);
  if (!wrong) return;
  throw new ArgumentError(
    `UniformGaussianNoise: sigmaMin is ${wrong[0]}, above sigmaMax ${wrong[1]}; exchange them.`,
    "invalid_argument",
  );
}
