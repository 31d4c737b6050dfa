// Random numbers for training data: quick, and the same for the same seed.

/** A stream with `uniform()` in [0, 1), `normal()`, `poisson(rate)`, `gamma(shape)` and `below(n)`. */
export function stream(seed) {
  let state = (seed * 2654435761 + 12345) >>> 0;
  // mulberry32.
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  let spare;
  const normal = () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  const poisson = (rate) => {
    if (!(rate > 0)) return 0;
    // Of a large rate only mean, variance and skewness matter.
    if (rate > 40) {
      const n = normal();
      return Math.max(0, Math.round(rate + Math.sqrt(rate) * n + (n * n - 1) / 6));
    }
    const limit = Math.exp(-rate);
    let [count, product] = [0, uniform()];
    while (product > limit) [count, product] = [count + 1, product * uniform()];
    return count;
  };
  /** Gamma draws of scale 1 and a shape of at least 1 (Marsaglia, Tsang, 2000). */
  const gamma = (shape) => {
    const d = shape - 1 / 3;
    for (;;) {
      const n = normal();
      const v = (1 + n / Math.sqrt(9 * d)) ** 3;
      if (v > 0 && Math.log(1 - uniform()) < 0.5 * n * n + d - d * v + d * Math.log(v)) return d * v;
    }
  };
  return { uniform, normal, poisson, gamma, below: (n) => Math.floor(n * uniform()) };
}
