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

/** The noise models, as the literal that each class carries in `kind`; losses are paired with physics by it. */
export type NoiseKind = (typeof noiseKinds)[number];
