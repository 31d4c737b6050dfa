import { resolveRng, type RandomSource } from "../random/index.js";
import { checkNumber, checkOptions, requiredNumber } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { lossAssumptions } from "./assumptions.js";
import { probeDifference } from "./divergence.js";
import { Loss } from "./loss.js";
import type { ArgsOf } from "./pairing.js";
import { checkCounts, meanPerImage } from "./shared.js";

/** Options of {@link SurePoissonLoss}. */
export interface SurePoissonLossOptions {
  /** Gain of the noise: y = gain z, z a count (1 where the measurements are the counts themselves). */
  gain: number;
  /** Step of the finite difference. Default 0.001. */
  tau?: number;
  rng?: RandomSource;
}

/**
 * Unbiased risk estimate for Poisson noise, to first order in the gain: an estimate of `|A f(y) - A x|^2 / m` without x.
 *
 * `|A f(y) - y|^2 / m - gain 1^T y / m + 2 gain / (m tau) (b * y)^T (A f(y + tau b) - A f(y))`, b of random signs
 * (Le Montagner, Angelini, Olivo-Marin, 2014). It is the first-order expansion of the exact formula (PURE: Luisier, Blu,
 * Unser, 2011), so its bias grows as the square of the gain.
 *
 * @returns shape `[B]`.
 */
export class SurePoissonLoss extends Loss {
  readonly name: string = "SurePoissonLoss";
  readonly assumptions = lossAssumptions.SurePoissonLoss;
  readonly gain: number;
  readonly tau: number;
  private readonly rng: RandomSource | undefined;

  /** @throws ArgumentError `missing_argument`, `unknown_option` or `invalid_argument`. */
  constructor(options: SurePoissonLossOptions) {
    super();
    checkOptions("SurePoissonLoss", options, ["gain", "tau", "rng"]);
    this.gain = requiredNumber("SurePoissonLoss", "gain", options?.gain, "the gain of the Poisson noise, such as 0.1", { min: 0 });
    this.tau = checkNumber("SurePoissonLoss", "tau", options.tau ?? 1e-3, { positive: true });
    this.rng = options.rng;
  }

  forward(args: ArgsOf<"SurePoissonLoss">): Tensor {
    this.check(args);
    const { xNet, y, physics, model } = args;
    const rng = resolveRng(args.rng, this.rng);
    const y1 = physics.A(xNet);
    this.sameShape(y1, "A(xNet)", y, "y");
    checkCounts(this.name, y);
    const probe = rng.rademacher([...y.shape], y);
    const difference = probeDifference({ y, model, physics, y1, probe, tau: this.tau, rng });
    const terms = y1.sub(y).square().sub(y.mul(this.gain)).add(probe.mul(y).mul(difference).mul(2 * this.gain));
    return meanPerImage(terms);
  }
}
