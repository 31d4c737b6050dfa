import type { Metric } from "../metric/index.js";
import type { Reconstructor } from "../nn/index.js";
import type { Physics } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { ArgumentError, checkFlag, checkNumber, checkOptions } from "../runtime/index.js";
import { noGrad, type Tensor } from "../tensor/index.js";
import { Transform } from "../transform/index.js";
import { lossAssumptions } from "./assumptions.js";
import { Loss } from "./loss.js";
import type { ArgsOf } from "./pairing.js";
import { metricOption } from "./shared.js";

/** Options of {@link EILoss}. */
export interface EILossOptions {
  /** Under these transforms the set of images is invariant: a reconstruction, transformed, is as likely as before. */
  transform: Transform;
  /** What compares images. Default: mean squared error. */
  metric?: Metric;
  /** Whether the transformed image is measured with noise and sensor, instead of `A` alone. Default true. */
  applyNoise?: boolean;
  /** Factor of the loss. Default 1. */
  weight?: number;
  /** Stops the gradient at the transformed image, the target, as super-resolution needs. Default false. */
  noGrad?: boolean;
  /** Where draws come from, unless a call brings its own; default the transform's and the physics' own. */
  rng?: RandomSource;
}

/** Option names of {@link EILossOptions}. */
export const EI_KEYS = ["transform", "metric", "applyNoise", "weight", "noGrad", "rng"] as const;

/**
 * Equivariant imaging: a reconstruction, transformed and measured again, must be reconstructed as it is.
 *
 * `weight metric(R(y2, A), x2)` with `x2 = T_g xNet` for a random g and `y2 = A(x2)`, noise and sensor included where
 * `applyNoise` is true. It teaches what one operator does not measure, from the invariance of the images; that the
 * measurements are met, another loss must say, such as MCLoss or, with noise, SURE or R2R. (Chen, Tachella, Davies,
 * "Equivariant imaging: learning beyond the range space", 2021, arXiv:2103.14756.)
 *
 * @returns shape `[B]` for a metric that keeps the batch; over several transforms of an image its mean.
 */
export class EILoss extends Loss {
  readonly name: string = "EILoss";
  readonly assumptions = lossAssumptions.EILoss;
  readonly #term: EquivarianceTerm;

  /** @throws ArgumentError `missing_argument`, `unknown_option` or `invalid_argument`. */
  constructor(options: EILossOptions) {
    super();
    checkOptions("EILoss", options, EI_KEYS);
    this.#term = new EquivarianceTerm("EILoss", options);
  }

  /** The transforms. */
  get transform(): Transform {
    return this.#term.transform;
  }

  forward(args: ArgsOf<"EILoss">): Tensor {
    this.check(args);
    return this.#term.value(args.xNet, args.physics, args.model, args.rng);
  }
}

/** The equivariance of a reconstruction under a given operator; what losses of equivariant imaging share. */
export class EquivarianceTerm {
  readonly transform: Transform;
  readonly #metric: Metric;
  readonly #applyNoise: boolean;
  readonly #weight: number;
  readonly #noGrad: boolean;
  readonly #rng: RandomSource | undefined;

  constructor(name: string, options: EILossOptions) {
    const { transform } = options ?? {};
    if (transform === undefined)
      throw new ArgumentError(
        `${name}: transform is missing; it is what leaves the set of images unchanged, such as new Shift() or new Rotate({ multiples: 90 }).`,
        "missing_argument",
      );
    this.transform = transformOption(name, "transform", transform);
    this.#metric = metricOption(name, options.metric);
    this.#applyNoise = checkFlag(name, "applyNoise", options.applyNoise, true);
    this.#weight = checkNumber(name, "weight", options.weight ?? 1);
    this.#noGrad = checkFlag(name, "noGrad", options.noGrad, false);
    this.#rng = options.rng;
  }

  value(xNet: Tensor, physics: Physics, model: Reconstructor, call: RandomSource | undefined): Tensor {
    const rng = call ?? this.#rng;
    const transformed = () => this.transform.forward(xNet, { rng });
    const target = this.#noGrad ? noGrad(transformed).detach() : transformed();
    const again = remeasured(target, physics, model, this.#applyNoise, rng);
    return perSource(this.#metric.forward(again, target), xNet).mul(this.#weight);
  }
}

/** The reconstruction of an image that is measured again. */
export function remeasured(
  x: Tensor,
  physics: Physics,
  model: Reconstructor,
  applyNoise: boolean,
  rng: RandomSource | undefined,
): Tensor {
  const call = rng ? { rng } : {};
  return model.forward(applyNoise ? physics.forward(x, call) : physics.A(x), physics, call);
}

/** One value for each image, the mean over its transformed versions. */
function perSource(value: Tensor, x: Tensor): Tensor {
  const images = x.shape[0] ?? 1;
  const [count = 1] = value.shape;
  return value.shape.length === 1 && count > images && count % images === 0
    ? value.reshape([count / images, images]).mean(0)
    : value;
}

/** A transform among the options of a loss. */
export function transformOption(name: string, key: string, transform: Transform): Transform {
  if (transform instanceof Transform) return transform;
  throw new ArgumentError(
    `${name}: ${key} must be a transform such as new Shift() or new Rotate({ multiples: 90 }).`,
    "invalid_argument",
  );
}
