/** Noise that was clipped to an interval. */
export interface ClippedNoise {
  /** Standard deviation of the noise at clean value x. */
  standardDeviation(x: number): number;
  /** Lower end of the interval; `undefined` for noise that is never negative. */
  readonly low: number | undefined;
  /** Upper end of the interval. */
  readonly high: number;
}

/** The clean value in the interval whose clipped mean is m. */
export function cleanValue(m: number, { standardDeviation, low, high }: ClippedNoise): number {
  const mean = (x: number): number => {
    const s = standardDeviation(x);
    const lower = low === undefined || s === 0 ? x : low + expectedPositivePart((x - low) / s) * s;
    return s === 0 ? lower : lower - expectedPositivePart((x - high) / s) * s;
  };
  return root((x) => m - mean(x), low ?? 0, high);
}

/** `E max(0, a + n) = a Phi(a) + phi(a)` of a standard normal n. */
function expectedPositivePart(a: number): number {
  // Beyond nine standard deviations the rest is below the rounding of float64.
  if (Math.abs(a) > 9) return Math.max(a, 0);
  return a * normalTail(-a) + Math.exp(-(a * a) / 2) / Math.sqrt(2 * Math.PI);
}

/** The t >= a with `P(n > t) = p P(n > a)` of a standard normal n. */
export function tailDraw(a: number, p: number): number {
  const target = Math.log(p * normalTail(a));
  // The logarithm of the tail is nearly a parabola, where secants are close.
  return root((t) => Math.log(normalTail(t)) - target, a, Math.max(a, 0) + 9);
}

/** Change of the root, as a share of the interval, at which the search ends: below the rounding of float32. */
const PRECISION = 2 ** -26;

/**
 * The root of a falling function between `from` and `to`, or the end that is nearer to it: secants through the ends of
 * the interval that holds it, where the value at an end that stays is halved (Dowell, Jarratt, "A modified regula falsi
 * method for computing the root of an equation", BIT, 1971, doi:10.1007/BF01934364).
 */
function root(falling: (x: number) => number, from: number, to: number): number {
  let [a, b, x] = [from, to, from];
  let [atA, atB] = [falling(a), falling(b)];
  if (!(atA > 0)) return a;
  if (!(atB < 0)) return b;
  let stayed: "a" | "b" | undefined;
  for (let i = 0; i < 60; i++) {
    const last = x;
    const secant = (b * atA - a * atB) / (atA - atB);
    // The middle where rounding leaves no point in between.
    x = secant > a && secant < b ? secant : (a + b) / 2;
    if (Math.abs(x - last) <= PRECISION * (to - from)) return x;
    const value = falling(x);
    if (value === 0) return x;
    if (value > 0) {
      if (stayed === "b") atB /= 2;
      [a, atA, stayed] = [x, value, "b"];
    } else {
      if (stayed === "a") atA /= 2;
      [b, atB, stayed] = [x, value, "a"];
    }
  }
  return x;
}

/**
 * `P(n > a)` of a standard normal n with a relative error below 1.2e-7 (Press et al., Numerical Recipes, 2007, section
 * 6.2.2).
 */
function normalTail(a: number): number {
  const z = Math.abs(a) / Math.SQRT2;
  const t = 2 / (2 + z);
  let sum = 0.17087277;
  sum = sum * t - 0.82215223;
  sum = sum * t + 1.48851587;
  sum = sum * t - 1.13520398;
  sum = sum * t + 0.27886807;
  sum = sum * t - 0.18628806;
  sum = sum * t + 0.09678418;
  sum = sum * t + 0.37409196;
  sum = sum * t + 1.00002368;
  sum = sum * t - 1.26551223;
  const tail = (t * Math.exp(-z * z + sum)) / 2;
  return a >= 0 ? tail : 1 - tail;
}
