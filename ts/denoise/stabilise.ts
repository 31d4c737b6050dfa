/** Noise of variance `gain x + constant` at the clean value x. */
export interface LinearVariance {
  readonly gain: number;
  readonly constant: number;
}

/**
 * The generalised Anscombe transform, `2 / gain sqrt(gain y + 3/8 gain^2 + constant)`: it makes Poisson-Gaussian noise
 * nearly Gaussian of standard deviation 1.
 */
export function stabilise(y: number, { gain, constant }: LinearVariance): number {
  return (2 / gain) * Math.sqrt(Math.max(0, gain * y + 0.375 * gain ** 2 + constant));
}

/** The transform of a count of no light without read noise. */
const least = 2 * Math.sqrt(3 / 8);

/**
 * The clean value x whose noisy transform has the mean d, in the closed form of the exact unbiased inverse:
 * `x / gain = d^2 / 4 + sqrt(3/2) / (4 d) - 11 / (8 d^2) + 5 sqrt(3/2) / (8 d^3) - 1/8 - constant / gain^2`
 * (Mäkitalo, Foi, "Optimal inversion of the generalized Anscombe transformation for Poisson-Gaussian noise", 2013,
 * doi:10.1109/TIP.2012.2202675).
 */
export function unstabilise(d: number, { gain, constant }: LinearVariance): number {
  const t = Math.max(least, d);
  const root = Math.sqrt(1.5);
  const counts = t ** 2 / 4 + root / (4 * t) - 11 / (8 * t ** 2) + (5 * root) / (8 * t ** 3) - 1 / 8;
  return gain * counts - constant / gain;
}
