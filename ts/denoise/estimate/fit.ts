import type { NoiseName } from "../noise-estimate.js";
import { clippedMoments, unclippedMean } from "./clipped-moments.js";
import type { CurvePoint } from "./variance-curve.js";

/** A variance `constant + linear x + quadratic x^2` of the noise at the clean value x, fitted to a curve. */
export interface VarianceFit {
  readonly noise: NoiseName;
  readonly constant: number;
  readonly linear: number;
  readonly quadratic: number;
  /** Sum of squared deviations in units of their standard deviations, with few large ones limited. */
  readonly misfit: number;
}

/** What a file does to the values that it stores: the ends to which it clips, and the variance of its rounding. */
export interface Ends {
  readonly low: number | undefined;
  readonly high: number | undefined;
  readonly rounding: number;
}

/** Deviations beyond so many standard deviations count less; upwards, where structure leads, sooner. */
const limits = { up: 1, down: 2 } as const;

type Variance = Pick<VarianceFit, "constant" | "linear" | "quadratic">;

/** Fits the variance of one noise model to a curve, by weighted least squares of its logarithm. */
export function fitVariance(noise: NoiseName, curve: readonly CurvePoint[], ends: Ends): VarianceFit {
  // Poisson and gamma noise have no negative values: a zero is no clipped one. And counts are whole by themselves.
  const isAnchored = noise === "poisson" || noise === "gamma";
  const clip = isAnchored ? { low: undefined, high: ends.high, rounding: 0 } : ends;
  const means = curve.map(({ mean }) => mean);
  const [dark, bright] = [Math.min(...means), Math.max(...means)];
  const typical = median(curve.map(({ variance }) => variance));
  const middle = median(means);
  const cost = (variance: Variance): number => misfit(curve, variance, clip);
  if (noise !== "poisson-gaussian") {
    const power = { gaussian: 0, poisson: 1, gamma: 2 }[noise];
    const unit = Math.max(Math.abs(middle), 1e-12 + Math.abs(bright) / 100) ** power;
    const of = (log: number): Variance => {
      const level = (typical / unit) * Math.exp(log);
      return {
        constant: 0,
        linear: 0,
        quadratic: 0,
        [(["constant", "linear", "quadratic"] as const)[power] as string]: level,
      };
    };
    const [log] = minimise(([v = 0]) => cost(of(v)), [0], 1);
    const best = of(log as number);
    return { noise, ...best, misfit: cost(best) };
  }
  // By the variances at both ends of the curve, which must be positive; the gain must be, too.
  const of = (atDark: number, atBright: number): Variance => {
    const [first, last] = [typical * Math.exp(atDark), typical * Math.exp(Math.max(atDark, atBright))];
    const linear = bright > dark ? (last - first) / (bright - dark) : 0;
    return { constant: first - linear * dark, linear, quadratic: 0 };
  };
  const starts = [
    [0, 0],
    [-1, 0.5],
    [-3, 1],
  ] as const;
  const found = starts.map((start) => minimise(([p = 0, q = 0]) => cost(of(p, q)), [...start], 1));
  const fits = found.map(([p = 0, q = 0]) => ({ noise, ...of(p, q), misfit: cost(of(p, q)) }));
  return fits.reduce((best, fit) => (fit.misfit < best.misfit ? fit : best));
}

function misfit(curve: readonly CurvePoint[], variance: Variance, { low, high, rounding }: Ends): number {
  let sum = 0;
  for (const { mean, variance: measured, error } of curve) {
    const deviation = (x: number): number => Math.sqrt(Math.max(1e-30, at(variance, x)));
    const x = unclippedMean(mean, deviation, low, high);
    const expected = clippedMoments(x, deviation(x), low, high).variance + rounding;
    const difference = Math.log(Math.max(measured, 1e-30) / Math.max(expected, 1e-30));
    sum += limited(difference / error);
  }
  return sum;
}

/** A square near 0, growing linearly beyond a limit (Huber, 1964, doi:10.1214/aoms/1177703732). */
function limited(z: number): number {
  const limit = z > 0 ? limits.up : limits.down;
  return Math.abs(z) <= limit ? z * z : limit * (2 * Math.abs(z) - limit);
}

/** A variance at a clean value. */
export function at({ constant, linear, quadratic }: Variance, x: number): number {
  return constant + linear * x + quadratic * x * x;
}

/** A local minimum by a search along each coordinate with steps that halve. */
function minimise(cost: (at: readonly number[]) => number, start: readonly number[], step: number): number[] {
  const best = [...start];
  let least = cost(best);
  for (let size = step; size > 1e-4; ) {
    let improved = false;
    const directions = best.flatMap((_, k) => [1, -1].map((sign) => best.map((_, l) => (l === k ? sign * size : 0))));
    if (best.length > 1)
      directions.push(
        best.map(() => size),
        best.map(() => -size),
      );
    for (const direction of directions) {
      const next = best.map((value, k) => value + (direction[k] as number));
      const value = cost(next);
      if (value < least) {
        least = value;
        best.splice(0, best.length, ...next);
        improved = true;
      }
    }
    if (!improved) size /= 2;
  }
  return best;
}

/** The median of numbers. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
