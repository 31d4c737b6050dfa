import { meanPerImage } from "../../functional/index.js";
import { PhysicsGenerator } from "../../physics/index.js";
import { resolveRng, type RandomSource } from "../../random/index.js";
import { ArgumentError, checkNumber, checkOptions, ShapeError, requiredNumber } from "../../runtime/index.js";
import { keep, noGrad, Tensor, tidy } from "../../tensor/index.js";
import { lossAssumptions } from "../assumptions.js";
import { probeDifference } from "../divergence.js";
import { Loss } from "../loss.js";
import type { ArgsOf } from "../pairing.js";
import { average } from "./k-weight.js";

/** Options of {@link ENSURELoss}. */
export interface ENSURELossOptions {
  /** Standard deviation of the noise, above 0. */
  sigma: number;
  /** Draws the masks of the measurements, from which the probability of each entry is estimated. */
  physicsGenerator?: PhysicsGenerator;
  /** The probability of each entry, where it is known; instead of draws of `physicsGenerator`. */
  maskAverage?: Tensor;
  /** Step of the finite difference. Default `0.1 sigma`. */
  tau?: number;
  rng?: RandomSource;
}

/**
 * ENSURE: an unbiased estimate of the weighted error of what was measured, under random masks and Gaussian noise,
 * without ground truth.
 *
 * `|W (A f(y) - y)|^2 / m + 2 sigma^2 / (m tau) (W b)^T W (A f(y + tau b) - A f(y)) - sigma^2` with `W^2 = 1 /
 * E[mask]`, b standard normal, m the entries of y. In the mean over masks and noise it is `|W (A f(y) - A x)|^2 / m`,
 * which for a network that does not see the mask is the error of the whole image. Entries that no mask measures do not
 * count. The divergence carries the weights of the error: without them the estimate is biased. (Aggarwal, Pramanik,
 * John, Jacob, "ENSURE: a general approach for unsupervised training of deep image reconstruction algorithms", 2023,
 * arXiv:2010.10631.)
 *
 * For single-coil MRI and inpainting with masks of 0 and 1. The probabilities are estimated from 2000 draws with a seed
 * of their own.
 *
 * @returns shape `[B]`.
 */
export class ENSURELoss extends Loss {
  readonly name: string = "ENSURELoss";
  readonly assumptions = lossAssumptions.ENSURELoss;
  readonly sigma: number;
  readonly tau: number;
  private readonly rng: RandomSource | undefined;
  readonly #generator: PhysicsGenerator | undefined;
  #weight: Tensor | undefined;

  /** @throws ArgumentError `missing_argument`, `unknown_option` or `invalid_argument`. */
  constructor(options: ENSURELossOptions) {
    super();
    const name = "ENSURELoss";
    checkOptions(name, options, ["sigma", "physicsGenerator", "maskAverage", "tau", "rng"]);
    this.sigma = requiredNumber(name, "sigma", options?.sigma, "the standard deviation of the noise, such as 0.1", {
      positive: true,
    });
    this.tau = checkNumber(name, "tau", options.tau ?? 0.1 * this.sigma, { positive: true });
    const { maskAverage, physicsGenerator } = options;
    if (maskAverage !== undefined && !(maskAverage instanceof Tensor))
      throw new ArgumentError(`${name}: maskAverage must be a tensor of probabilities.`, "invalid_argument");
    if (!maskAverage && !(physicsGenerator instanceof PhysicsGenerator)) {
      throw new ArgumentError(
        `${name}: physicsGenerator is missing; it is what drew the masks of the measurements, such as new GaussianMaskGenerator({ imgSize }). Or pass maskAverage.`,
        "missing_argument",
      );
    }
    this.#generator = physicsGenerator;
    if (maskAverage) this.#weight = keep(tidy(() => weightOf(maskAverage)));
    this.rng = options.rng;
  }

  forward(args: ArgsOf<"ENSURELoss">): Tensor {
    this.check(args);
    const { xNet, y, physics, model } = args;
    const rng = resolveRng(args.rng, this.rng);
    const y1 = physics.A(xNet);
    this.sameShape(y1, "A(xNet)", y, "y");
    const weight = this.#weightFor(y);
    const probe = rng.normal([...y.shape], y);
    const difference = probeDifference({ y, model, physics, y1, probe, tau: this.tau, rng });
    const divergence = meanPerImage(probe.mul(weight).mul(difference.mul(weight)));
    const error = meanPerImage(y1.sub(y).mul(weight).square());
    return error.add(divergence.mul(2 * this.sigma ** 2)).sub(this.sigma ** 2);
  }

  #weightFor(y: Tensor): Tensor {
    this.#weight ??= keep(tidy(() => weightOf(average(this.#generator as PhysicsGenerator))));
    const { shape } = this.#weight;
    const offset = y.shape.length - shape.length;
    if (offset < 0 || !shape.every((n, i) => n === 1 || n === y.shape[offset + i])) {
      throw new ShapeError(
        `ENSURELoss: the masks' average has shape [${shape.join(", ")}], which does not fit measurements of shape [${y.shape.join(", ")}]; give a generator of their size.`,
        "shape_mismatch",
      );
    }
    return this.#weight.to(y.dtype).to(y.device);
  }
}

/** `1 / sqrt(p)`, and 0 where p is 0. */
function weightOf(probability: Tensor): Tensor {
  return noGrad(() => {
    const never = probability.le(0).to(probability.dtype);
    return probability.mul(never.neg().add(1)).add(never).rsqrt().mul(never.neg().add(1));
  });
}
