import { freeOnError } from "../tensor/index.js";
import { meanPerImage } from "../functional/index.js";
import { resolveRng, type RandomSource } from "../random/index.js";
import type { Tensor } from "../tensor/index.js";
import type { ArgsOf } from "./args.js";
import { checkCounts, gridWeights } from "./counts.js";
import { probeDifference, SameDraws } from "./divergence.js";
import { NamedLoss } from "./named-loss.js";
import { levelOf, noiseLevel, type NoiseLevel, overPixels, ownLevel } from "./noise-level.js";
import { number, optionalNumber, type OptionReaders, randomStream, readOptions } from "./options.js";

/** Options of {@link SurePoissonLoss}. */
export interface SurePoissonLossOptions {
  /**
   * Gain of the noise: y = gain z, z a count (1 where the measurements are the counts themselves). A number, one for
   * each image, or `"physics"` for that of the physics' noise model in each call.
   */
  gain: NoiseLevel;
  /**
   * Step of the finite difference; larger where it would be lost in rounding, as of thousands of counts in float32.
   * Default: 0.001.
   */
  tau?: number;
  /**
   * Uses the exact formula instead of its expansion, for the pixels of a grid of this spacing, placed at random in each
   * call. Make it larger than the radius of the network's receptive field, 1 for each convolution of 3x3: then no pixel
   * of the grid sees another. Where they do, training exploits it. Default: the expansion.
   */
  spacing?: number;
  /** Random stream, unless a call brings its own. */
  rng?: RandomSource;
}

const OPTIONS = {
  gain: noiseLevel("the gain of the Poisson noise, such as 0.1", { min: 0 }),
  tau: number(1e-3, { positive: true }),
  spacing: optionalNumber({ integer: true, min: 2 }),
  rng: randomStream,
} satisfies OptionReaders<SurePoissonLossOptions>;

/**
 * Unbiased risk estimate for Poisson noise, to first order in the gain: an estimate of `|A f(y) - A x|^2 / m` without
 * x.
 *
 * `|A f(y) - y|^2 / m - gain 1^T y / m + 2 gain / (m tau) (b * y)^T (A f(y + tau b) - A f(y))`, b of random signs
 * (Le Montagner, Angelini, Olivo-Marin, 2014, doi:10.1109/TIP.2014.2300821). It is the first-order expansion of the
 * exact formula (PURE: Luisier, Blu, Unser, 2011, doi:10.1109/TIP.2010.2073477), so its bias grows as the square of the
 * gain.
 *
 * Counts are integers: no data determine the slope of a network between two of them. With few photons, training makes
 * that slope differ from the difference between neighbouring counts; the value then falls below the risk, and the
 * network is worse than it seems. With `spacing` the last term is that of the exact formula,
 * `2 w^T (y * (A f(y) - A f(y - gain 1_S))) / m`, S the pixels of a grid and w their weights, whose mean over the
 * position of the grid is 1: unbiased at any gain for networks whose receptive field has a radius below the spacing.
 *
 * @returns shape `[B]`.
 */
export class SurePoissonLoss extends NamedLoss<"SurePoissonLoss"> {
  readonly gain: NoiseLevel;
  readonly tau: number;
  readonly spacing: number | undefined;
  readonly #rng: RandomSource | undefined;

  /** @throws ArgumentError `missing_argument`, `unknown_option` or `invalid_argument`. */
  constructor(options: SurePoissonLossOptions) {
    super("SurePoissonLoss");
    const { gain, tau, spacing, rng } = readOptions(this.name, options, OPTIONS);
    this.tau = tau;
    this.spacing = spacing;
    this.#rng = rng;
    this.gain = ownLevel(gain);
  }

  forward(args: ArgsOf<"SurePoissonLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      const { xNet, y, physics } = args;
      const rng = resolveRng(args.rng, this.#rng);
      const y1 = physics.A(xNet);
      this.sameShape(y1, "A(xNet)", y, "y");
      checkCounts(this.name, y);
      const gain = overPixels(levelOf(this.name, "gain", this.gain, physics, y), y);
      const difference =
        this.spacing === undefined
          ? this.#firstOrder(args, y1, gain, rng)
          : this.#exact(args, y1, gain, this.spacing, rng);
      return meanPerImage(y1.sub(y).square().sub(y.mul(gain)).add(difference.mul(y).mul(2)));
    });
  }

  /** `A f(y) - A f(y - gain)`, where one count is lower, to first order: `gain b * (A f(y + tau b) - A f(y)) / tau`. */
  #firstOrder(
    { y, model, physics }: ArgsOf<"SurePoissonLoss">,
    y1: Tensor,
    gain: number | Tensor,
    rng: RandomSource,
  ): Tensor {
    const b = rng.rademacher([...y.shape], y);
    return b.mul(probeDifference({ y, model, physics, y1, probe: b, tau: this.tau, rng })).mul(gain);
  }

  /** The same, exactly, for the pixels of a grid: `w * (A f(y) - A f(y - gain 1_S))`. */
  #exact(
    { y, model, physics }: ArgsOf<"SurePoissonLoss">,
    y1: Tensor,
    gain: number | Tensor,
    spacing: number,
    rng: RandomSource,
  ): Tensor {
    const weights = gridWeights(y, spacing, rng);
    // A count of 0 cannot be lowered, and its term, which is multiplied by y, is 0 anyway.
    const lowered = y.sub(weights.gt(0).mul(y.gt(0)).mul(gain));
    const draws = new SameDraws({ model, physics, rng });
    const below = draws.of(lowered);
    return weights.mul(draws.at(y, y1).sub(below));
  }
}
