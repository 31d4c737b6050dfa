import type { RandomSource } from "../../random/index.js";
import { checkNumber } from "../../runtime/index.js";
import { PhysicsGenerator, type GeneratedParameters, type GeneratorOptions } from "./generator.js";
import { checkOrder } from "./sigma.js";

/** Options of {@link GainGenerator}. */
export interface GainGeneratorOptions extends GeneratorOptions {
  /** Smallest gain, above 0. Default: 0.1. */
  gainMin?: number;
  /** Largest gain. Default: 0.4. */
  gainMax?: number;
}

/** Random gains for {@link PoissonNoise}, uniform in `[gainMin, gainMax]`. `step` gives `{ gain }`, `[batch]`. */
export class GainGenerator extends PhysicsGenerator {
  /** Smallest gain. */
  readonly gainMin: number;
  /** Largest gain. */
  readonly gainMax: number;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: GainGeneratorOptions = {}) {
    super("GainGenerator", options, ["gainMin", "gainMax"]);
    this.gainMin = checkNumber("GainGenerator", "gainMin", options.gainMin ?? 0.1, { positive: true });
    this.gainMax = checkNumber("GainGenerator", "gainMax", options.gainMax ?? 0.4, { positive: true });
    checkOrder("GainGenerator", "gain", this.gainMin, this.gainMax);
  }

  protected override draw(batchSize: number, rng: RandomSource): GeneratedParameters {
    return {
      gain: rng
        .uniform([batchSize])
        .mul(this.gainMax - this.gainMin)
        .add(this.gainMin),
    };
  }
}
