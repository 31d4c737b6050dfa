import { type NoiseKind, type NoiseModel, PoissonNoise } from "../physics/index.js";
import { ArgumentError } from "../runtime/index.js";

/** Names of noise levels, and the power of the factor by which each is multiplied when x and y are divided by it. */
export type ScaledLevels = Readonly<Record<string, -1 | 1>>;

/**
 * Kinds that are not listed have no such levels: `y / c` is then no measurement of `x / c` by the same kind of noise.
 */
const LEVELS: Partial<Readonly<Record<NoiseKind, ScaledLevels>>> = {
  zero: {},
  gaussian: { sigma: -1 },
  uniformGaussian: { sigmaMin: -1, sigmaMax: -1 },
  uniform: { a: -1 },
  laplace: { b: -1 },
  rician: { sigma: -1 },
  poisson: { gain: -1 },
  poissonGaussian: { gain: -1, sigma: -1 },
  // y = x g / l: the noise is relative.
  gamma: {},
  // mu x has no unit.
  logPoisson: { mu: 1 },
};

/**
 * How the levels of a noise model change when x and y are divided by a factor: by which power of it.
 *
 * @throws ArgumentError `incompatible_physics` where no change of levels does it.
 */
export function scaledLevels(noise: NoiseModel | undefined): ScaledLevels {
  if (!noise) return { sigma: -1, gain: -1 };
  const levels = LEVELS[noise.kind];
  if (levels && !(noise instanceof PoissonNoise && !noise.normalize)) return levels;
  const reason = levels ? "counts (normalize: false) have no unit" : "its values do not scale with the image";
  throw new ArgumentError(
    `Normalized: ${noise.constructor.name} cannot be normalised, as ${reason}; train on the data as they are.`,
    "incompatible_physics",
  );
}
