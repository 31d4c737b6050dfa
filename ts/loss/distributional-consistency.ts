import type { Physics } from "../physics/index.js";
import { ArgumentError, checkNumber } from "../runtime/index.js";
import { freeOnError, tensor, type Tensor } from "../tensor/index.js";
import type { ArgsOf } from "./args.js";
import { clippedGaussianScores, gaussianScores, poissonScores } from "./calibration-scores.js";
import { checkCounts } from "./counts.js";
import { NamedLoss } from "./named-loss.js";
import { levelOf, noiseLevel, type NoiseLevel, overPixels, ownLevel } from "./noise-level.js";
import { type OptionReader, type OptionReaders, readOptions } from "./options.js";
import { sortedQuantiles } from "./sorted-quantiles.js";

/** Distribution of the noise of a {@link DistributionalConsistencyLoss}. */
export type CalibratedNoise = "gaussian" | "clippedGaussian" | "poisson";

/** Options of {@link DistributionalConsistencyLoss}. */
export interface DistributionalConsistencyLossOptions {
  /**
   * Distribution of the measurements; `"clippedGaussian"` where they were cut off at 0 and 1 after Gaussian noise was
   * added. Default: null, that of the noise model of the physics.
   */
  distribution?: CalibratedNoise | null;
  /** Standard deviation of Gaussian noise: a number, one for each image, or `"physics"`. Default: `"physics"`. */
  sigma?: NoiseLevel;
  /** Gain of Poisson noise: a number, one for each image, or `"physics"`. Default: `"physics"`. */
  gain?: NoiseLevel;
  /** Quantiles that are compared, at most 2^24. Default: null, as many as measurements of an image. */
  nPoints?: number | null;
  /** How near to 0 or 1 a quantile is taken to be, below 0.5. Default: 1e-4. */
  eps?: number;
  /** Width of the ranges at 0 and 1 into which measurements are cut off, below 0.5. Default: 1e-3. */
  boundaryEps?: number;
}

const DISTRIBUTIONS: readonly CalibratedNoise[] = ["gaussian", "clippedGaussian", "poisson"];

const distributionOption: OptionReader<CalibratedNoise | null> = (value, name, key) => {
  if (value === undefined || value === null) return null;
  if (DISTRIBUTIONS.includes(value as CalibratedNoise)) return value as CalibratedNoise;
  throw new ArgumentError(
    `${name}: ${key} is ${typeof value === "string" ? JSON.stringify(value) : `a ${typeof value}`}, expected one of ` +
      `${DISTRIBUTIONS.map((word) => `"${word}"`).join(", ")}, or null for that of the physics.`,
    "invalid_argument",
  );
};

const level =
  (source: string): OptionReader<NoiseLevel> =>
  (value, name, key) =>
    noiseLevel(source, { positive: true })(value ?? "physics", name, key);

const belowHalf =
  (fallback: number): OptionReader<number> =>
  (value, name, key) => {
    const checked = checkNumber(name, key, value ?? fallback, { positive: true });
    if (checked < 0.5) return checked;
    throw new ArgumentError(`${name}: ${key} is ${checked}, expected a number below 0.5.`, "invalid_argument");
  };

const OPTIONS = {
  distribution: distributionOption,
  sigma: level("the standard deviation of the noise, such as 0.1"),
  gain: level("the gain of the noise, such as 0.1"),
  nPoints: (value, name, key) =>
    value === undefined || value === null
      ? null
      : checkNumber(name, key, value, { integer: true, min: 1, max: 2 ** 24 }),
  eps: belowHalf(1e-4),
  boundaryEps: belowHalf(1e-3),
} satisfies OptionReaders<DistributionalConsistencyLossOptions>;

/**
 * Distributional consistency: the measurements, taken together, should be distributed about the reconstruction as the
 * noise is, instead of each being near to it.
 *
 * `mean_k |Q_k - logit u_k|`, `u_k = (k - 1/2) / K`: Q_k is the u_k-quantile of the scores `logit F(y_i; A xNet)` of
 * all measurements of an image, F the distribution function of the noise. At the true image the F(y_i) are uniform, and
 * the value falls to 0 with the number of measurements; at `A xNet = y` under Gaussian noise it is `2 log 2 = 1.39`.
 * So, other than with `MCLoss`, nothing is gained by fitting the noise (Webber, Reader, "Distributional consistency
 * loss: beyond pointwise data terms in inverse problems", 2025, arXiv:2510.13972).
 *
 * It does not tell which entry has which residual: use it with a prior, or with a network that is one. Needs hundreds
 * of measurements for each image. Counts are not continuous: under Poisson noise of few photons the F(y_i),
 * `P(N <= y_i)`, are not uniform, and the value keeps a rest. Entries that a mask leaves unmeasured do not count.
 * Scores are sorted on the host, and so it does not run on WebGPU in browsers.
 *
 * @returns shape `[B]`.
 */
export class DistributionalConsistencyLoss extends NamedLoss<"DistributionalConsistencyLoss"> {
  readonly distribution: CalibratedNoise | null;
  readonly nPoints: number | null;
  readonly eps: number;
  readonly boundaryEps: number;
  readonly #sigma: NoiseLevel;
  readonly #gain: NoiseLevel;

  /** @throws ArgumentError `unknown_option` or `invalid_argument`; ShapeError `shape_mismatch` for an empty level. */
  constructor(options: DistributionalConsistencyLossOptions = {}) {
    super("DistributionalConsistencyLoss");
    const values = readOptions(this.name, options, OPTIONS);
    this.distribution = values.distribution;
    this.nPoints = values.nPoints;
    this.eps = values.eps;
    this.boundaryEps = values.boundaryEps;
    this.#sigma = ownLevel(values.sigma);
    this.#gain = ownLevel(values.gain);
  }

  /** @throws ArgumentError `empty_mask` where an image has no measured entry; DeviceError `cannot_block`. */
  forward(args: ArgsOf<"DistributionalConsistencyLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      const { xNet, y, physics } = args;
      const measured = physics.A(xNet);
      this.sameShape(measured, "A(xNet)", y, "y");
      const [images = 0] = y.shape;
      const scores = this.#scores(measured, y, physics).reshape([images, -1]);
      const used = physics
        .measured(y)
        ?.expand([...y.shape])
        .dataSync();
      const grid = this.#grid(used ? this.#most(used, images) : (scores.shape[1] ?? 0));
      const expected = tensor(
        grid.map((u) => Math.log(u / (1 - u))),
        { shape: [1, grid.length], dtype: scores.dtype, device: scores.device },
      );
      return sortedQuantiles(scores, grid, used).sub(expected).abs().mean(1);
    });
  }

  /** With `distribution`, any noise model of the physics may stand in for it. */
  override checkPhysics(physics: unknown): void {
    if (this.distribution === null) super.checkPhysics(physics);
  }

  #scores(q: Tensor, y: Tensor, physics: Physics): Tensor {
    const { eps, boundaryEps: boundary } = this;
    const kind = this.distribution ?? physics.noiseModel.kind;
    if (kind === "poisson") {
      checkCounts(this.name, y);
      const gain = overPixels(levelOf(this.name, "gain", this.#gain, physics, y), y);
      return poissonScores(q.div(gain), y.div(gain));
    }
    const sigma = overPixels(levelOf(this.name, "sigma", this.#sigma, physics, y), y);
    return kind === "clippedGaussian"
      ? clippedGaussianScores(q, y, sigma, { eps, boundary })
      : gaussianScores(q, y, sigma, eps);
  }

  /** The probabilities at which quantiles are compared, for so many measurements. */
  #grid(measurements: number): Float64Array {
    const points = this.nPoints ?? measurements;
    return Float64Array.from({ length: points }, (_, k) =>
      Math.min(Math.max((k + 0.5) / points, this.eps), 1 - this.eps),
    );
  }

  /** The number of measured entries of the image that has most. */
  #most(used: ArrayLike<number>, images: number): number {
    const counts = new Array<number>(images).fill(0);
    for (let i = 0; i < used.length; i++) if (used[i] !== 0) counts[Math.floor((i * images) / used.length)]! += 1;
    if (Math.min(...counts) > 0) return Math.max(...counts);
    throw new ArgumentError(
      `${this.name}: the mask of an image leaves nothing measured; give a mask with at least one entry.`,
      "empty_mask",
    );
  }
}
