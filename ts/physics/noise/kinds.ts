/** The kinds of noise. */
export const noiseKinds = [
  "gaussian",
  "poisson",
  "poissonGaussian",
  "gamma",
  "uniform",
  "uniformGaussian",
  "logPoisson",
  "saltPepper",
  "laplace",
  "zero",
  "rician",
  "fisherTippett",
] as const;

/** A kind of noise: the literal in the field `kind` of each noise model, which decides what losses fit a physics. */
export type NoiseKind = (typeof noiseKinds)[number];
