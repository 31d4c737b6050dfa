import { indexValue, Rng, uniformValues, type RandomSource } from "../random/index.js";
import { ArgumentError, checkNumber, shown } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { scalar, type CheckedParams, type TransformParams } from "./params.js";
import type { ImageLike, TransformOptions } from "./options.js";
import { Transform } from "./transform.js";

/** Options of {@link RandomNoise}. */
export interface RandomNoiseOptions extends TransformOptions {
  /** Distribution of the noise, of which there is one. Default: "gaussian". */
  noiseType?: "gaussian";
  /** Standard deviation, or a range `[min, max]` to draw it from. Default: 0.1. */
  sigma?: number | readonly [number, number];
}

/**
 * Gaussian noise on the entries other than 0, such as measured ones: an augmentation, which has no inverse.
 *
 * Parameters: `sigma` and the `seed` of the noise; the same parameters give the same noise.
 */
export class RandomNoise extends Transform {
  override readonly paramNames = ["sigma", "seed"] as const;
  /** Smallest and largest standard deviation. */
  readonly sigma: readonly [number, number];

  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: RandomNoiseOptions = {}) {
    super("RandomNoise", options, ["noiseType", "sigma"]);
    const { noiseType = "gaussian", sigma = 0.1 } = options;
    if (noiseType !== "gaussian")
      throw new ArgumentError(
        `RandomNoise: noiseType is ${shown(noiseType)}, expected "gaussian".`,
        "invalid_argument",
      );
    this.sigma = checkRange("RandomNoise", "sigma", sigma);
  }

  protected override draw(_x: ImageLike, rng: RandomSource): TransformParams {
    return {
      sigma: uniformIn(this.sigma, this.nTrans, rng),
      seed: Array.from({ length: this.nTrans }, () => indexValue(rng, 2 ** 32)),
    };
  }

  protected override apply(x: Tensor, params: CheckedParams, inverse: boolean): Tensor {
    if (inverse)
      throw new ArgumentError(
        "RandomNoise.inverse: noise has no inverse; use this transform where nothing is transformed back, " +
          "such as for Ti of AugmentConsistencyLoss.",
        "invalid_argument",
      );
    const noise = new Rng(scalar(params, "seed", 0))
      .normal([...x.shape], x)
      .mul(scalar(params, "sigma", this.sigma[0]));
    return x.add(noise.mul(x.detach().ne(0)));
  }
}

/** The range of an option that is one number or `[min, max]`, of nonnegative numbers. */
export function checkRange(
  caller: string,
  name: string,
  value: number | readonly [number, number],
): readonly [number, number] {
  const ends: readonly unknown[] = Array.isArray(value) ? value : [value, value];
  if (ends.length !== 2)
    throw new ArgumentError(`${caller}: ${name} must be one number or [min, max].`, "invalid_argument");
  const [low, high] = ends.map((end) => checkNumber(caller, name, end, { min: 0 })) as [number, number];
  if (high < low)
    throw new ArgumentError(
      `${caller}: ${name} is [${low}, ${high}], expected the smaller number first.`,
      "invalid_argument",
    );
  return [low, high];
}

/** Random numbers from a range; a range of one number needs no random numbers. */
export function uniformIn([low, high]: readonly [number, number], count: number, rng: RandomSource): number[] {
  return low === high
    ? Array.from({ length: count }, () => low)
    : Array.from(uniformValues(rng, [count]), (u) => low + (high - low) * u);
}
