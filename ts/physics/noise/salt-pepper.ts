import { perImage, type Level } from "../../functional/index.js";
import { ArgumentError } from "../../runtime/index.js";
import type { RandomSource } from "../../random/index.js";
import { where, zeros, type Tensor } from "../../tensor/index.js";
import { checkLevel, levelPairs } from "./value-checks.js";
import { NoiseModel, type NoiseOptions, type ParameterRules } from "./noise-model.js";

/** Options of {@link SaltPepperNoise}. */
export interface SaltPepperNoiseOptions extends NoiseOptions {
  /** Probability of an entry to become 0, in [0, 1]. Default: 0.025. */
  p?: Level;
  /** Probability of an entry to become 1, in [0, 1]. Default: 0.025. */
  s?: Level;
}

/** Impulse noise: each entry becomes 1 with probability `s`, 0 with probability `p`, and is unchanged otherwise. */
export class SaltPepperNoise extends NoiseModel {
  readonly kind = "saltPepper" as const;
  /** Probability of 0. */
  p: Level;
  /** Probability of 1. */
  s: Level;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: SaltPepperNoiseOptions = {}) {
    super("SaltPepperNoise", options, ["p", "s"]);
    this.p = checkLevel("SaltPepperNoise", "p", options.p ?? 0.025, { min: 0, max: 1 });
    this.s = checkLevel("SaltPepperNoise", "s", options.s ?? 0.025, { min: 0, max: 1 });
    checkSum(this.p, this.s);
  }

  protected override checkTogether({ p, s }: Readonly<Record<string, Level>>): void {
    checkSum(p as Level, s as Level);
  }

  protected override rules(): ParameterRules {
    return { p: { min: 0, max: 1 }, s: { min: 0, max: 1 } };
  }

  protected override corrupt(y: Tensor, rng: RandomSource): Tensor {
    const caller = "SaltPepperNoise.forward";
    const zero = zeros([1], { dtype: y.dtype, device: y.device });
    const salt = zero.add(perImage(caller, "s", this.s, y));
    const either = salt.add(perImage(caller, "p", this.p, y));
    const hit = rng.uniform(y.shape, y).lt(either);
    // u (s + p) < s instead of u < s / (s + p), as both probabilities may be 0.
    const white = rng.uniform(y.shape, y).mul(either).lt(salt);
    return where(hit, white, y);
  }
}

/** What rounding to float32 may add to a sum of 1. */
const ROUNDING = 1e-6;

/** Refuses probabilities of sum above 1, where both are on the CPU. */
function checkSum(p: Level, s: Level): void {
  const wrong = levelPairs(p, s).find(([a, b]) => a + b > 1 + ROUNDING);
  if (!wrong) return;
  throw new ArgumentError(
    `SaltPepperNoise: p is ${wrong[0]} and s is ${wrong[1]}, expected probabilities that sum to at most 1.`,
    "invalid_argument",
  );
}
