import { perImage } from "../../functional/index.js";
import type { Reconstructor } from "../../nn/index.js";
import { GaussianNoise, type Physics } from "../../physics/index.js";
import type { RandomSource } from "../../random/index.js";
import { ArgumentError, checkNumber, checkOptions } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import { lossAssumptions } from "../assumptions.js";
import { Loss } from "../loss.js";
import type { ArgsOf } from "../pairing.js";
import { SplittingModel } from "../splitting-model.js";
import { WEIGHTED_KEYS, WeightedParts, type WeightedSplittingLossOptions } from "./weighted-splitting.js";

/** Options of {@link RobustSplittingLoss}. */
export interface RobustSplittingLossOptions extends WeightedSplittingLossOptions {
  /** The noise of the measurements, with its level. Default null: that of the physics. It is not changed. */
  noiseModel?: GaussianNoise | null;
  /**
   * Standard deviation of the noise that is added, as a multiple of that of the measurements; above 0, default 0.75.
   */
  alpha?: number;
}

/**
 * Weighted splitting that also removes noise (Robust SSDU): the network sees `M1 (M1 y + alpha sigma n)`, n standard
 * normal.
 *
 * The loss is that of {@link WeightedSplittingLoss} plus `metric(c M1 A(xNet), c M1 y)` with `c = 1 + 1 / alpha^2`. At
 * evaluation the network sees the whole measurement, without further noise. (Millard, Chiew, "Clean self-supervised MRI
 * reconstruction from noisy, sub-sampled training data with Robust SSDU", 2024, arXiv:2210.01696.)
 *
 * The model must be adapted: `model = loss.adaptModel(model)`, and xNet made with `updateParameters: true`.
 *
 * @returns shape `[B]` for a metric that keeps the batch.
 */
export class RobustSplittingLoss extends Loss {
  readonly name: string = "RobustSplittingLoss";
  readonly assumptions = lossAssumptions.RobustSplittingLoss;
  readonly alpha: number;
  readonly noiseModel: GaussianNoise | null;
  readonly #parts: WeightedParts;

  /** @throws ArgumentError `missing_argument`, `unknown_option`, `invalid_argument` or `incompatible_physics`. */
  constructor(options: RobustSplittingLossOptions) {
    super();
    const name = "RobustSplittingLoss";
    checkOptions(name, options, [...WEIGHTED_KEYS, "noiseModel", "alpha"]);
    this.#parts = new WeightedParts(name, options);
    this.alpha = checkNumber(name, "alpha", options.alpha ?? 0.75, { positive: true });
    this.noiseModel = options.noiseModel ?? null;
    if (this.noiseModel && !(this.noiseModel instanceof GaussianNoise)) {
      throw new ArgumentError(`${name}: noiseModel must be a GaussianNoise.`, "incompatible_physics");
    }
  }

  /** The weight of each column, `[1, W]`, for images of size `[H, W]`. */
  weight(imgSize: readonly number[]): Tensor {
    return this.#parts.kWeight.of(imgSize);
  }

  forward(args: ArgsOf<"RobustSplittingLoss">): Tensor {
    this.check(args);
    const { xNet, y, physics, model } = args;
    const { mask1, mask2 } = this.#parts.masks(model, y, physics);
    const ax = physics.A(xNet);
    this.sameShape(ax, "A(xNet)", y, "y");
    const factor = mask1.mul(1 + 1 / this.alpha ** 2);
    return this.#parts.hidden(mask2, ax, y).add(this.#parts.metric.forward(ax.mul(factor), y.mul(factor)));
  }

  /**
   * The model whose network sees a part of the measurement with further noise; an adapted model comes back as it is.
   */
  override adaptModel(model: Reconstructor): SplittingModel<"RobustSplittingLoss"> {
    if (model instanceof SplittingModel && model.adaptedBy === "RobustSplittingLoss")
      return model as SplittingModel<"RobustSplittingLoss">;
    return this.#parts.model("RobustSplittingLoss", model, (part, mask1, physics, rng) =>
      this.#noisier(part, mask1, physics, rng),
    );
  }

  #noisier(part: Tensor, mask1: Tensor, physics: Physics | undefined, rng: RandomSource): Tensor {
    const noise = this.noiseModel ?? physics?.noiseModel;
    if (!(noise instanceof GaussianNoise)) {
      throw new ArgumentError(
        "RobustSplittingLoss: the noise model must be a GaussianNoise; it comes from the physics given to model.forward(y, physics), or from the option noiseModel.",
        "incompatible_physics",
      );
    }
    const sigma = perImage("RobustSplittingLoss", "sigma", noise.sigma, part);
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
