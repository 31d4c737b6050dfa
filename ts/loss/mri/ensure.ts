import { meanPerImage } from "../../functional/index.js";
import type { PhysicsGenerator } from "../../physics/index.js";
import { resolveRng, type RandomSource } from "../../random/index.js";
import { ArgumentError, ShapeError } from "../../runtime/index.js";
import { keep, noGrad, Tensor, tidy, freeOnError } from "../../tensor/index.js";
import type { ArgsOf } from "../args.js";
import { probeDifference } from "../divergence.js";
import { NamedLoss } from "../named-loss.js";
import { levelOf, noiseLevel, type NoiseLevel, overPixels, squared, ownLevel } from "../noise-level.js";
import { optionalNumber, type OptionReader, type OptionReaders, randomStream, readOptions } from "../options.js";
import { averageMask, physicsGeneratorOption } from "./column-weights.js";

/** Options of {@link ENSURELoss}. */
export interface ENSURELossOptions {
  /**
   * Standard deviation of the noise, above 0: a number, one for each image, or `"physics"` for that of the physics'
   * noise model in each call.
   */
  sigma: NoiseLevel;
  /** Draws the masks of the measurements, from which the probability of each entry is estimated. */
  physicsGenerator?: PhysicsGenerator;
  /** The probability of each entry to be measured, where it is known, instead of draws of `physicsGenerator`. */
  maskAverage?: Tensor;
  /** Step of the finite difference. Default: `0.1 sigma`. */
  tau?: number;
  /** Random stream, unless a call brings its own. */
  rng?: RandomSource;
}

const averageOption: OptionReader<Tensor | undefined> = (value, name, key) => {
  if (value === undefined || value instanceof Tensor) return value;
  throw new ArgumentError(`${name}: ${key} must be a tensor of probabilities.`, "invalid_argument");
};

const OPTIONS = {
  sigma: noiseLevel("the standard deviation of the noise, such as 0.1", { positive: true }),
  physicsGenerator: physicsGeneratorOption,
  maskAverage: averageOption,
  tau: optionalNumber({ positive: true }),
  rng: randomStream,
} satisfies OptionReaders<ENSURELossOptions>;

/**
 * ENSURE: an unbiased estimate of the weighted error of what was measured, under random masks and Gaussian noise,
 * without ground truth.
 *
 * `|W (A f(y) - y)|^2 / m + 2 sigma^2 / (m tau) (W b)^T W (A f(y + tau b) - A f(y)) - sigma^2` with `W^2 = 1 /
 * P(mask != 0)`, b standard normal, m the number of entries of y. In the mean over masks and noise it is
 * `|W (A f(y) - A x)|^2 / m`, which for a network that does not see the mask is the error of the whole image. Entries
 * that no mask measures count in m alone, so that the value is too small by sigma^2 times their share; the gradient is
 * right. The divergence carries the weights of the error: without them the estimate is biased.
 * (Aggarwal, Pramanik, John, Jacob, "ENSURE: a general approach for unsupervised training of deep image reconstruction
 * algorithms", 2023, arXiv:2010.10631.)
 *
 * For single-coil MRI and inpainting. Where masks have weights, so has the error: it is that of the weighted
 * measurement. The probabilities are estimated from 2000 draws with a fixed seed.
 *
 * @returns shape `[B]`.
 */
export class ENSURELoss extends NamedLoss<"ENSURELoss"> {
  readonly sigma: NoiseLevel;
  /** Step of the finite difference; undefined for a tenth of the level, where that is no number. */
  readonly tau: number | undefined;
  readonly #rng: RandomSource | undefined;
  readonly #generator: PhysicsGenerator | undefined;
  #weight: Tensor | undefined;

  /** @throws ArgumentError `missing_argument`, `unknown_option` or `invalid_argument`. */
  constructor(options: ENSURELossOptions) {
    super("ENSURELoss");
    const { sigma, physicsGenerator, maskAverage, tau, rng } = readOptions(this.name, options, OPTIONS);
    if (!maskAverage && !physicsGenerator) {
      throw new ArgumentError(
        `${this.name}: physicsGenerator is missing; it is what drew the masks of the measurements, such as ` +
          "new GaussianMaskGenerator({ imgSize }). Or pass maskAverage.",
        "missing_argument",
      );
    }
    this.tau = tau ?? (typeof sigma === "number" ? 0.1 * sigma : undefined);
    this.#generator = physicsGenerator;
    this.#rng = rng;
    if (maskAverage) this.#weight = keep(tidy(() => weightOf(maskAverage)));
    this.sigma = ownLevel(sigma);
  }

  forward(args: ArgsOf<"ENSURELoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      const { xNet, y, physics, model } = args;
      const sigma = levelOf(this.name, "sigma", this.sigma, physics, y);
      const tau = this.tau ?? tenth(overPixels(sigma, y));
      const rng = resolveRng(args.rng, this.#rng);
      const y1 = physics.A(xNet);
      this.sameShape(y1, "A(xNet)", y, "y");
      const W = this.#weightFor(y);
      const b = rng.normal([...y.shape], y);
      // (W b)^T W (A f(y + tau b) - A f(y)) / (m tau) and |W (A f(y) - y)|^2 / m.
      const difference = probeDifference({ y, model, physics, y1, probe: b, tau, rng });
      const divergence = meanPerImage(b.mul(W).mul(difference.mul(W)));
      const error = meanPerImage(y1.sub(y).mul(W).square());
      const variance = squared(sigma);
      return error.add(divergence.mul(typeof variance === "number" ? 2 * variance : variance.mul(2))).sub(variance);
    });
  }

  #weightFor(y: Tensor): Tensor {
    this.#weight ??= keep(tidy(() => weightOf(averageMask(this.#generator as PhysicsGenerator))));
    const { shape } = this.#weight;
    const offset = y.shape.length - shape.length;
    if (offset < 0 || !shape.every((n, i) => n === 1 || n === y.shape[offset + i])) {
      throw new ShapeError(
        `${this.name}: the average of the masks has shape [${shape.join(", ")}], which does not fit measurements of ` +
          `shape [${y.shape.join(", ")}]; use a generator of their size.`,
        "shape_mismatch",
      );
    }
    return this.#weight.to(y.dtype).to(y.device);
  }
}

/** A tenth of a level, above 0 where that is 0. */
function tenth(sigma: number | Tensor): number | Tensor {
  return typeof sigma === "number" ? Math.max(0.1 * sigma, 1e-6) : sigma.mul(0.1).maximum(1e-6);
}

/** `1 / sqrt(p)`, and 0 where p is 0. */
function weightOf(probability: Tensor): Tensor {
  return noGrad(() => {
    const never = probability.le(0).to(probability.dtype);
    return probability.mul(never.neg().add(1)).add(never).rsqrt().mul(never.neg().add(1));
  });
}
