import { meanPerImage } from "../functional/index.js";
import { resolveRng, type RandomSource } from "../random/index.js";
import { checkNumber, checkOptions, requiredNumber } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { lossAssumptions } from "./assumptions.js";
import { probeDifference } from "./divergence.js";
import { Loss } from "./loss.js";
import { gridWeights } from "./lowered-counts.js";
import type { ArgsOf } from "./pairing.js";
import { checkCounts } from "./shared.js";

/** Options of {@link SurePoissonLoss}. */
export interface SurePoissonLossOptions {
  /** Gain of the noise: y = gain z, z a count (1 where the measurements are the counts themselves). */
  gain: number;
  /** Step of the finite difference. Default 0.001. */
  tau?: number;
  /**
   * Takes the exact formula in place of its expansion, for pixels on a grid this wide, placed at random in each call.
   * Let it exceed the network's reach, 1 for each convolution of 3x3: then no pixel of the grid sees another. Where
   * they do, training exploits it. Default: the expansion.
   */
  spacing?: number;
  rng?: RandomSource;
}

/**
 * Unbiased risk estimate for Poisson noise, to first order in the gain: an estimate of `|A f(y) - A x|^2 / m` without
 * x.
 *
 * `|A f(y) - y|^2 / m - gain 1^T y / m + 2 gain / (m tau) (b * y)^T (A f(y + tau b) - A f(y))`, b of random signs
 * (Le Montagner, Angelini, Olivo-Marin, 2014). It is the first-order expansion of the exact formula (PURE: Luisier,
 * Blu, Unser, 2011), so its bias grows as the square of the gain.
 *
 * Counts are whole numbers: what a network does between them, its slope there, is held by no data. With few photons
 * training bends the slope away from the difference of neighbouring counts, the value falls below the risk, and the
 * network is worse than it seems. With `spacing` the last term is that of the exact formula, `2 w^T (y * (A f(y) - A
 * f(y - gain 1_S))) / m`, S pixels of a grid and w their weights, 1 in the mean over its place: unbiased at any gain
 * for networks whose reach is below the spacing.
 *
 * @returns shape `[B]`.
 */
export class SurePoissonLoss extends Loss {
  readonly name: string = "SurePoissonLoss";
  readonly assumptions = lossAssumptions.SurePoissonLoss;
  readonly gain: number;
  readonly tau: number;
  readonly spacing: number | undefined;
  private readonly rng: RandomSource | undefined;

  /** @throws ArgumentError `missing_argument`, `unknown_option` or `invalid_argument`. */
  constructor(options: SurePoissonLossOptions) {
    super();
    checkOptions("SurePoissonLoss", options, ["gain", "tau", "spacing", "rng"]);
    this.gain = requiredNumber("SurePoissonLoss", "gain", options?.gain, "the gain of the Poisson noise, such as 0.1", {
      min: 0,
    });
    this.tau = checkNumber("SurePoissonLoss", "tau", options.tau ?? 1e-3, { positive: true });
    this.spacing =
      options.spacing === undefined
        ? undefined
        : checkNumber("SurePoissonLoss", "spacing", options.spacing, { integer: true, min: 2 });
    this.rng = options.rng;
  }

  forward(args: ArgsOf<"SurePoissonLoss">): Tensor {
    this.check(args);
    const { xNet, y, physics } = args;
    const rng = resolveRng(args.rng, this.rng);
    const y1 = physics.A(xNet);
    this.sameShape(y1, "A(xNet)", y, "y");
    checkCounts(this.name, y);
    const slope = this.spacing === undefined ? this.expanded(args, y1, rng) : this.exact(args, y1, this.spacing, rng);
    return meanPerImage(y1.sub(y).square().sub(y.mul(this.gain)).add(slope.mul(y).mul(2)));
  }

  /** What `A f(y)` loses where a count is one lower, to first order, along random signs. */
  private expanded({ y, model, physics }: ArgsOf<"SurePoissonLoss">, y1: Tensor, rng: RandomSource): Tensor {
    const probe = rng.rademacher([...y.shape], y);
    return probe.mul(probeDifference({ y, model, physics, y1, probe, tau: this.tau, rng })).mul(this.gain);
  }

  /** The same, exactly, for the pixels of a grid. */
  private exact(
    { y, model, physics }: ArgsOf<"SurePoissonLoss">,
    y1: Tensor,
    spacing: number,
    rng: RandomSource,
  ): Tensor {
    const weights = gridWeights(y, spacing, rng);
    // Where nothing was counted the term is zero, and a lower count there is none.
    const lowered = y.sub(weights.gt(0).mul(y.gt(0)).mul(this.gain));
    return weights.mul(y1.sub(physics.A(model.forward(lowered, physics, { rng }))));
  }
}
