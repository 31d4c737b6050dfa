import { perImage, type Level } from "../../functional/index.js";
import { ArgumentError } from "../../runtime/index.js";
import type { RandomSource } from "../../random/index.js";
import { tidy, type Tensor } from "../../tensor/index.js";
import { checkLevel, finiteOr0, undefinedWhere } from "./value-checks.js";
import { NoiseModel, type NoiseOptions, type ParameterRules } from "./noise-model.js";

/** Options of {@link LogPoissonNoise}. */
export interface LogPoissonNoiseOptions extends NoiseOptions {
  /** Mean number of photons without an object, above 0. Default: 1024. */
  N0?: Level;
  /** Normalisation of the operator, above 0. Default: 1/50. */
  mu?: Level;
}

/**
 * Refuses clean measurements for which the mean count is not finite: NaN, and values far below 0; on the CPU only.
 *
 * @throws ArgumentError `out_of_range`.
 */
function checkFinite(caller: string, rate: Tensor, y: Tensor): Tensor {
  if (rate.device !== "cpu" || rate.size === 0 || tidy(() => rate.mul(0).sum().itemSync()) === 0) return rate;
  throw new ArgumentError(
    `${caller}: the input has values from ${y.detach().min().itemSync()}, for which N0 exp(-mu x) is not a finite ` +
      "number, expected line integrals of at least 0; divide by another mu, or clamp them.",
    "out_of_range",
  );
}

/** Replaces a count of 0, so that the logarithm is finite, as in LoDoPaB-CT. */
const ZERO_COUNT = 0.1;

/**
 * Noise of low-dose tomography, `y = -log(z / N0) / mu` with `z ~ Poisson(N0 exp(-mu x))`.
 *
 * A count of 0 is replaced by 0.1. Paper: Leuschner et al., "LoDoPaB-CT, a benchmark dataset for low-dose computed
 * tomography reconstruction", 2021, arXiv:1910.01113.
 */
export class LogPoissonNoise extends NoiseModel {
  readonly kind = "logPoisson" as const;
  /** Mean number of photons without an object. */
  N0: Level;
  /** Normalisation of the operator. */
  mu: Level;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: LogPoissonNoiseOptions = {}) {
    super("LogPoissonNoise", options, ["N0", "mu"]);
    this.N0 = checkLevel("LogPoissonNoise", "N0", options.N0 ?? 1024, { positive: true });
    this.mu = checkLevel("LogPoissonNoise", "mu", options.mu ?? 1 / 50, { positive: true });
  }

  protected override rules(): ParameterRules {
    return { N0: { positive: true }, mu: { positive: true } };
  }

  protected override corrupt(y: Tensor, rng: RandomSource, clipPositive: boolean): Tensor {
    const photons = perImage("LogPoissonNoise.forward", "N0", this.N0, y);
    const mu = perImage("LogPoissonNoise.forward", "mu", this.mu, y);
    const rate = y.detach().mul(mu).neg().exp().mul(photons);
    const drawn = clipPositive ? finiteOr0(rate) : checkFinite("LogPoissonNoise.forward", rate, y);
    const noisy = rng.poisson(drawn, y).maximum(ZERO_COUNT).div(photons).log().neg().div(mu);
    return clipPositive ? noisy.add(undefinedWhere(rate)) : noisy;
  }
}
