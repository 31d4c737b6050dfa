import { fromHostValues } from "../../tensor/index.js";
import { normalValues, type RandomSource } from "../../random/index.js";
import { checkNumber } from "../../runtime/index.js";
import { PhysicsGenerator, type GeneratedParameters, type GeneratorOptions } from "./generator.js";
import { checkPsfSize } from "./psf-size.js";

/** Options of {@link MotionBlurGenerator}. */
export interface MotionBlurGeneratorOptions extends GeneratorOptions {
  /** Height and width of the filters in pixels, or one number for both. */
  psfSize: number | readonly [number, number];
  /** Length scale of the trajectory, smoother for larger values. Default: 0.3. */
  l?: number;
  /** Standard deviation of the trajectory, in units of half the side of the filter. Default: 0.25. */
  sigma?: number;
  /** Number of samples of the period of which the trajectory is a part. Default: 1000. */
  nSteps?: number;
}

/**
 * Motion blur filters of a camera that moves along a random smooth trajectory, for {@link Blur}.
 *
 * Both coordinates of the trajectory are Gaussian processes with covariance `k(t) = sigma^2 (1 + r + r^2 / 3) exp(-r)`,
 * `r = sqrt(5) |t| / l`. The filter is the time spent in each pixel, without that outside the filter. `step` gives
 * `{ filter }`, `[batch, 1, h, w]`, of sum 1. Paper: Schuler, Hirsch, Harmeling, Scholkopf, "Learning to deblur", 2015,
 * arXiv:1406.7444.
 */
export class MotionBlurGenerator extends PhysicsGenerator {
  /** Height and width of the filters. */
  readonly psfSize: readonly [number, number];
  /** Length scale of the trajectory. */
  readonly l: number;
  /** Standard deviation of the trajectory. */
  readonly sigma: number;
  /** Number of samples of the period of which the trajectory is a part. */
  readonly nSteps: number;
  #root: Float64Array | undefined;

  /** @throws ArgumentError `missing_argument`, `invalid_argument`, `unknown_option`. */
  constructor(options: MotionBlurGeneratorOptions) {
    const name = "MotionBlurGenerator";
    super(name, options, ["psfSize", "l", "sigma", "nSteps"]);
    this.psfSize = checkPsfSize(name, options?.psfSize);
    this.l = checkNumber(name, "l", options.l ?? 0.3, { positive: true });
    this.sigma = checkNumber(name, "sigma", options.sigma ?? 0.25, { positive: true });
    this.nSteps = checkNumber(name, "nSteps", options.nSteps ?? 1000, { integer: true, min: 10, max: 10_000 });
  }

  protected override draw(batchSize: number, rng: RandomSource): GeneratedParameters {
    const [h, w] = this.psfSize;
    const rows = normalValues(rng, [batchSize, this.nSteps]);
    const columns = normalValues(rng, [batchSize, this.nSteps]);
    const all = new Float32Array(batchSize * h * w);
    for (let b = 0; b < batchSize; b++) {
      const one = (noise: Float32Array | Float64Array) =>
        this.#trajectory(noise.subarray(b * this.nSteps, (b + 1) * this.nSteps));
      all.set(histogram(one(rows), one(columns), h, w), b * h * w);
    }
    return { filter: fromHostValues(all, [batchSize, 1, h, w]) };
  }

  /** The first `1 / (2 pi)` of the period of a Gaussian process, computed from white noise, minus its mean. */
  #trajectory(noise: ArrayLike<number>): Float64Array {
    const n = this.nSteps;
    const root = (this.#root ??= convolutionRoot(this.#covariance()));
    const trajectory = Float64Array.from({ length: Math.floor(n / (2 * Math.PI)) }, (_, t) => {
      let sum = 0;
      for (let s = 0; s < n; s++) sum += (noise[s] as number) * (root[(t - s + n) % n] as number);
      return sum;
    });
    const mean = trajectory.reduce((a, b) => a + b, 0) / trajectory.length;
    return trajectory.map((v) => v - mean);
  }

  #covariance(): Float64Array {
    return Float64Array.from({ length: this.nSteps }, (_, i) => {
      const t = -Math.PI + (2 * Math.PI * i) / (this.nSteps - 1);
      const r = (Math.sqrt(5) * Math.abs(t)) / this.l;
      return this.sigma ** 2 * (1 + r + r ** 2 / 3) * Math.exp(-r);
    });
  }
}

/**
 * The real sequence whose circular convolution with itself is `kernel`: the inverse Fourier transform of the square
 * root of its Fourier transform.
 */
function convolutionRoot(kernel: Float64Array): Float64Array {
  const n = kernel.length;
  const cos = Float64Array.from({ length: n }, (_, k) => Math.cos((2 * Math.PI * k) / n));
  const sin = Float64Array.from({ length: n }, (_, k) => Math.sin((2 * Math.PI * k) / n));
  const root = new Float64Array(n);
  for (let k = 0; 2 * k <= n; k++) {
    let [re, im] = [0, 0];
    for (let i = 0; i < n; i++) {
      const j = (k * i) % n;
      re += (kernel[i] as number) * (cos[j] as number);
      im -= (kernel[i] as number) * (sin[j] as number);
    }
    // The principal square root of re + i im.
    const modulus = Math.hypot(re, im);
    const [a, b] = [
      Math.sqrt(Math.max(0, (modulus + re) / 2)),
      Math.sign(im || 1) * Math.sqrt(Math.max(0, (modulus - re) / 2)),
    ];
    // Frequencies strictly between 0 and n / 2 count twice, with their conjugates.
    const single = k === 0 || 2 * k === n;
    for (let i = 0; i < n; i++) {
      const j = (k * i) % n;
      root[i] =
        (root[i] as number) +
        ((single ? a : 2 * a) * (cos[j] as number) - (single ? 0 : 2 * b) * (sin[j] as number)) / n;
    }
  }
  return root;
}

/** The fraction of the points `(rows, columns)` in each of the `h w` cells of the square from -1 to 1. */
function histogram(rows: Float64Array, columns: Float64Array, h: number, w: number): Float64Array {
  const counts = new Float64Array(h * w);
  let inside = 0;
  rows.forEach((r, i) => {
    const c = columns[i] as number;
    if (Math.abs(r) > 1 || Math.abs(c) > 1) return;
    const cell = (v: number, cells: number) => Math.min(Math.floor((cells * (v + 1)) / 2), cells - 1);
    const index = cell(r, h) * w + cell(c, w);
    counts[index] = (counts[index] as number) + 1;
    inside += 1;
  });
  if (inside > 0) return counts.map((count) => count / inside);
  // Without points inside, the filter is the identity.
  counts[Math.floor(h / 2) * w + Math.floor(w / 2)] = 1;
  return counts;
}
