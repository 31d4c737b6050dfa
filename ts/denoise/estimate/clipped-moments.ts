/** Density of the standard normal distribution. */
const density = (a: number): number => (Number.isFinite(a) ? Math.exp((-a * a) / 2) / Math.sqrt(2 * Math.PI) : 0);

/**
 * `P(n < a)` of a standard normal n, with an absolute error below 1e-7 (Abramowitz, Stegun, Handbook of Mathematical
 * Functions, 1964, 26.2.17).
 */
function normalBelow(a: number): number {
  if (!Number.isFinite(a)) return a > 0 ? 1 : 0;
  const t = 1 / (1 + 0.2316419 * Math.abs(a));
  const series = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429].reduceRight(
    (sum, c) => (sum + c) * t,
    0,
  );
  const tail = density(a) * series;
  return a >= 0 ? 1 - tail : tail;
}

/**
 * Mean and variance of a normal variable of mean x and standard deviation s that is clipped to [low, high], and the
 * probability that it is.
 */
export function clippedMoments(x: number, s: number, low = -Infinity, high = Infinity) {
  if (s <= 0) return { mean: Math.min(high, Math.max(low, x)), variance: 0, clipped: 0 };
  const [a, b] = [(low - x) / s, (high - x) / s];
  const [below, above] = [normalBelow(a), normalBelow(-b)];
  const inside = 1 - below - above;
  const [atLow, atHigh] = [density(a), density(b)];
  const times = (end: number, p: number): number => (p === 0 ? 0 : end * p);
  // Moments of the distance to x, in units of s.
  const first = times(a, below) + times(b, above) + atLow - atHigh;
  const second = times(a * a, below) + times(b * b, above) + inside + times(a, atLow) - times(b, atHigh);
  return { mean: x + s * first, variance: s * s * Math.max(0, second - first * first), clipped: below + above };
}

/**
 * The value x whose clipped mean is m, for noise of standard deviation `deviation(x)` (Foi, "Clipped noisy images:
 * heteroskedastic modeling and practical denoising", 2009, doi:10.1016/j.sigpro.2009.04.035).
 */
export function unclippedMean(
  m: number,
  deviation: (x: number) => number,
  low: number | undefined,
  high: number | undefined,
): number {
  if (low === undefined && high === undefined) return m;
  const width = 4 * Math.max(deviation(m), Number.MIN_VALUE);
  let [from, to] = [m - width, m + width];
  for (let i = 0; i < 40; i++) {
    const middle = (from + to) / 2;
    if (clippedMoments(middle, deviation(middle), low, high).mean < m) from = middle;
    else to = middle;
  }
  return (from + to) / 2;
}
