import type { RandomSource } from "../../random/index.js";
import { ArgumentError, checkNumber } from "../../runtime/index.js";
import { PhysicsGenerator, type GeneratedParameters, type GeneratorOptions } from "./generator.js";

/** Options of {@link SigmaGenerator}. */
export interface SigmaGeneratorOptions extends GeneratorOptions {
  /** Smallest standard deviation, at least 0. Default: 0.01. */
  sigmaMin?: number;
  /** Largest standard deviation. Default: 0.5. */
  sigmaMax?: number;
}

/**
 * Random standard deviations for {@link GaussianNoise}, uniform between `sigmaMin` and `sigmaMax`. `step` gives
 * `{ sigma }`, `[batch]`.
 */
export class SigmaGenerator extends PhysicsGenerator {
  /** Smallest standard deviation. */
  readonly sigmaMin: number;
  /** Largest standard deviation. */
  readonly sigmaMax: number;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: SigmaGeneratorOptions = {}) {
    super("SigmaGenerator", options, ["sigmaMin", "sigmaMax"]);
    this.sigmaMin = checkNumber("SigmaGenerator", "sigmaMin", options.sigmaMin ?? 0.01, { min: 0 });
    this.sigmaMax = checkNumber("SigmaGenerator", "sigmaMax", options.sigmaMax ?? 0.5, { min: 0 });
    checkOrder("SigmaGenerator", "sigma", this.sigmaMin, this.sigmaMax);
  }

  protected override draw(batchSize: number, rng: RandomSource): GeneratedParameters {
    return {
      sigma: rng
        .uniform([batchSize])
        .mul(this.sigmaMax - this.sigmaMin)
        .add(this.sigmaMin),
    };
  }
}

/** Refuses a lower bound above the upper bound. */
export function checkOrder(className: string, name: string, min: number, max: number): void {
  if (min > max)
    throw new ArgumentError(
      `${className}: ${name}Min is ${min}, expected at most ${name}Max, which is ${max}.`,
      "invalid_argument",
    );
}
