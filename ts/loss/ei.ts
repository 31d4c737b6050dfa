import { freeOnError } from "../tensor/index.js";
import type { Metric } from "../metric/index.js";
import type { RandomSource } from "../random/index.js";
import type { Tensor } from "../tensor/index.js";
import type { Transform } from "../transform/index.js";
import type { ArgsOf } from "./args.js";
import { EquivarianceTerm } from "./equivariance.js";
import { metricOption } from "./metric-option.js";
import { NamedLoss } from "./named-loss.js";
import { flag, number, type OptionReaders, randomStream, readOptions } from "./options.js";
import { requiredTransform } from "./transform-option.js";

/** Options of {@link EILoss}. */
export interface EILossOptions {
  /** Under these transforms the set of images is invariant: a transformed reconstruction is as likely as before. */
  transform: Transform;
  /** Compares images. Default: mean squared error. */
  metric?: Metric;
  /** Whether the transformed image is measured with noise and sensor, instead of `A` alone. Default: true. */
  applyNoise?: boolean;
  /** Factor of the loss. Default: 1. */
  weight?: number;
  /** Stops the gradient at the transformed image, the target, as super-resolution needs. Default: false. */
  noGrad?: boolean;
  /** Random stream, unless a call brings its own. Default: those of the transform and of the physics. */
  rng?: RandomSource;
}

/** Readers of {@link EILossOptions}. */
export const EI_OPTIONS = {
  transform: requiredTransform,
  metric: metricOption,
  applyNoise: flag(true),
  weight: number(1),
  noGrad: flag(false),
  rng: randomStream,
} satisfies OptionReaders<EILossOptions>;

/**
 * Equivariant imaging: a reconstruction, transformed and measured again, must be reconstructed unchanged.
 *
 * `weight metric(R(y2, A), x2)` with `x2 = T_g xNet` for a random g and `y2 = A(x2)`, noise and sensor included where
 * `applyNoise` is true. It learns what one operator does not measure from the invariance of the images; combine it with
 * a loss that fits the measurements, such as MCLoss or, with noise, SURE or R2R. (Chen, Tachella, Davies, "Equivariant
 * imaging: learning beyond the range space", 2021, arXiv:2103.14756.)
 *
 * Poisson, Poisson-Gaussian and Gamma noise exist for values of at least 0 only; where a network returns others, they
 * are measured as 0, the nearest value, which leaves a correct reconstruction as it is. The counts have no derivative.
 *
 * @returns shape `[B]` for a metric that keeps the batch; for several transforms of an image, their mean.
 */
export class EILoss extends NamedLoss<"EILoss"> {
  readonly #term: EquivarianceTerm;

  /** @throws ArgumentError `missing_argument`, `unknown_option` or `invalid_argument`. */
  constructor(options: EILossOptions) {
    super("EILoss");
    this.#term = new EquivarianceTerm(readOptions(this.name, options, EI_OPTIONS));
  }

  /** The transforms. */
  get transform(): Transform {
    return this.#term.transform;
  }

  forward(args: ArgsOf<"EILoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      return this.#term.value(args.xNet, args.physics, args.model, args.rng);
    });
  }
}
