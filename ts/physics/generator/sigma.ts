import type { RandomSource } from "../../random/index.js";
import { ArgumentError, checkNumber } from "../../runtime/index.js";
import { PhysicsGenerator, type GeneratedParameters, type GeneratorOptions } from "./generator.js";

/** Options of {@link SigmaGenerator}. */
export interface SigmaGeneratorOptions extends GeneratorOptions {
  /** Smallest noise level. Default: 0.01. */
  sigmaMin?: number;
  /** Largest noise level. Default: 0.5. */
  sigmaMax?: number;
}

/**
 * Noise levels for {@link GaussianNoise}, uniform between `sigmaMin` and `sigmaMax`. `step` gives `{ sigma }`,
 * `[batch]`.
 */
export class SigmaGenerator extends PhysicsGenerator {
  readonly sigmaMin: number;
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

/** Refuses a range whose lower end is above the upper one. */
export function checkOrder(className: string, name: string, min: number, max: number): void {
  if (min > max)
    throw new ArgumentError(
      `${className}: ${name}Min is ${min}, above ${name}Max, which is ${max}.`,
      "invalid_argument",
    );
}
