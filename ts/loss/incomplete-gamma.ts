/** Fewer terms than a sum of this length are never needed below a shape of 1e9: about the root of the shape. */
const MOST_TERMS = 200_000;

/** `log Gamma(a)` for a of at least 1: Stirling's series, after the recurrence to where it is exact to rounding. */
export function logGamma(a: number): number {
  let [x, shift] = [a, 0];
  for (; x < 10; x++) shift += Math.log(x);
  const r = 1 / (x * x);
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r * (1 / 1188 - (r * 691) / 360_360))))) / x;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series - shift;
}

/**
 * Logarithms of the regularised incomplete gamma functions P(a, x) and Q(a, x) = 1 - P(a, x), for a of at least 1 and
 * x above 0, and of their derivative `x^(a - 1) e^-x / Gamma(a)`.
 *
 * The smaller one is computed by itself, P by its power series and Q by its continued fraction, so that neither
 * underflows (Press, Teukolsky, Vetterling, Flannery, "Numerical recipes", 3rd edition, 2007, section 6.2).
 */
export function logIncompleteGamma(a: number, x: number): { logP: number; logQ: number; logDensity: number } {
  const logDensity = (a - 1) * Math.log(x) - x - logGamma(a);
  if (x < a + 1) {
    // P = x density (1 / a + x / (a (a + 1)) + ...).
    let term = 1 / a;
    let sum = term;
    for (let n = 1; n < MOST_TERMS && term > sum * 1e-16; n++) {
      term *= x / (a + n);
      sum += term;
    }
    const logP = Math.min(0, logDensity + Math.log(x * sum));
    return { logP, logQ: Math.log1p(-Math.exp(logP)), logDensity };
  }
  // Q = x density / (x + 1 - a - 1 (1 - a) / (x + 3 - a - ...)), by Lentz's method.
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < MOST_TERMS; n++) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / (numerator * d + b || 1e-300);
    c = b + numerator / c || 1e-300;
    fraction *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  const logQ = Math.min(0, logDensity + Math.log(x * fraction));
  return { logP: Math.log1p(-Math.exp(logQ)), logQ, logDensity };
}
