import { freeOnError } from "../../tensor/index.js";
import { perImage } from "../../functional/index.js";
import { GaussianNoise, type Physics } from "../../physics/index.js";
import type { RandomSource } from "../../random/index.js";
import { ArgumentError } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import type { ArgsOf } from "../args.js";
import { number, type OptionReader, type OptionReaders, readOptions } from "../options.js";
import { noiseOf } from "../splittable-noise.js";
import type { SplittingModelSettings } from "../splitting-model.js";
import { WEIGHTED_OPTIONS, WeightedSplitting, type WeightedSplittingLossOptions } from "./weighted-splitting-base.js";

/** Options of {@link RobustSplittingLoss}. */
export interface RobustSplittingLossOptions extends WeightedSplittingLossOptions {
  /** The noise of the measurements, with its level; it is not changed. Default: null, that of the physics. */
  noiseModel?: GaussianNoise | null;
  /** Standard deviation of the added noise as a multiple of that of the measurements, above 0. Default: 0.75. */
  alpha?: number;
}

const gaussianNoise: OptionReader<GaussianNoise | null> = (value, name, key) => {
  if (value === undefined || value === null) return null;
  if (value instanceof GaussianNoise) return value;
  throw new ArgumentError(`${name}: ${key} must be a GaussianNoise.`, "incompatible_physics");
};

const OPTIONS = {
  ...WEIGHTED_OPTIONS,
  noiseModel: gaussianNoise,
  alpha: number(0.75, { positive: true }),
} satisfies OptionReaders<RobustSplittingLossOptions>;

/**
 * Weighted splitting that also removes noise (Robust SSDU): the network sees `M1 (M1 y + alpha sigma n)`, n standard
 * normal.
 *
 * The loss is that of {@link WeightedSplittingLoss} plus `metric(c M1 A(xNet), c M1 y)` with `c = 1 + 1 / alpha^2`. In
 * evaluation the network sees the whole measurement, without further noise. (Millard, Chiew, "Clean self-supervised MRI
 * reconstruction from noisy, sub-sampled training data with Robust SSDU", 2024, arXiv:2210.01696.)
 *
 * The model must be adapted: `model = loss.adaptModel(model)`, and xNet made with `updateParameters: true`.
 *
 * @returns shape `[B]` for a metric that keeps the batch.
 */
export class RobustSplittingLoss extends WeightedSplitting<"RobustSplittingLoss"> {
  readonly alpha: number;
  readonly noiseModel: GaussianNoise | null;

  /** @throws ArgumentError `missing_argument`, `unknown_option`, `invalid_argument` or `incompatible_physics`. */
  constructor(options: RobustSplittingLossOptions) {
    const name = "RobustSplittingLoss";
    const values = readOptions(name, options, OPTIONS);
    super(name, values);
    this.alpha = values.alpha;
    this.noiseModel = values.noiseModel;
  }

  forward(args: ArgsOf<"RobustSplittingLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      const { xNet, y, physics, model } = args;
      const { mask1, mask2 } = this.masks(model, y, physics);
      const ax = physics.A(xNet);
      this.sameShape(ax, "A(xNet)", y, "y");
      const c = 1 + 1 / this.alpha ** 2;
      return this.predictionError(mask2, ax, y).add(this.error(mask1.mul(c), ax, y));
    });
  }

  protected override modelSettings(): Pick<SplittingModelSettings, "alter"> {
    return { alter: (part, mask1, physics, rng) => this.#addNoise(part, mask1, physics, rng) };
  }

  /** `M1 (M1 y + alpha sigma n)`. */
  #addNoise(part: Tensor, mask1: Tensor, physics: Physics | undefined, rng: RandomSource): Tensor {
    const noise = physics || this.noiseModel ? noiseOf(this.name, this.noiseModel, physics) : undefined;
    if (!(noise instanceof GaussianNoise)) {
      throw new ArgumentError(
        `${this.name}: the noise model must be a GaussianNoise; it comes from the physics given to ` +
          "model.forward(y, physics), or from the option noiseModel.",
        "incompatible_physics",
      );
    }
    const sigma = perImage(this.name, "sigma", noise.sigma, part);
    return part
      .add(
        rng
          .normal([...part.shape], part)
          .mul(sigma)
          .mul(this.alpha),
      )
      .mul(mask1);
  }
}
