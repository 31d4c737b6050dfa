/** Generators: random parameters of operators and noise models. */
export { PhysicsGenerator } from "./generator.js";
export type { GeneratedParameters, GeneratorOptions, StepOptions } from "./generator.js";
export { BernoulliSplittingMaskGenerator } from "./bernoulli-splitting.js";
export type { BernoulliSplittingMaskGeneratorOptions, InputMask } from "./bernoulli-splitting.js";
export { SigmaGenerator } from "./sigma.js";
export type { SigmaGeneratorOptions } from "./sigma.js";
export { GainGenerator } from "./gain.js";
export type { GainGeneratorOptions } from "./gain.js";
export { GeneratorMixture } from "./mixture.js";
export type { GeneratorMixtureOptions } from "./mixture.js";
export { MotionBlurGenerator } from "./motion-blur.js";
export type { MotionBlurGeneratorOptions } from "./motion-blur.js";
export { DiffractionBlurGenerator } from "./diffraction-blur.js";
export type { DiffractionBlurGeneratorOptions } from "./diffraction-blur.js";
export type { ZernikeIndex } from "./zernike.js";
export { EquispacedMaskGenerator } from "./equispaced-mask.js";
export { GaussianMaskGenerator } from "./gaussian-mask.js";
export { MRIMaskGenerator } from "./mri-mask.js";
export type { Lines, MRIMaskGeneratorOptions } from "./mri-mask.js";
export { PolyOrderMaskGenerator } from "./poly-order-mask.js";
export type { PolyOrderMaskGeneratorOptions } from "./poly-order-mask.js";
export { RandomMaskGenerator } from "./random-mask.js";
export { GaussianSplittingMaskGenerator } from "./gaussian-splitting.js";
export type { GaussianSplittingMaskGeneratorOptions } from "./gaussian-splitting.js";
export { MultiplicativeSplittingMaskGenerator } from "./multiplicative-splitting.js";
export type { MultiplicativeSplittingMaskGeneratorOptions } from "./multiplicative-splitting.js";
export {
  Artifact2ArtifactSplittingMaskGenerator,
  FrameSplittingMaskGenerator,
  Phase2PhaseSplittingMaskGenerator,
} from "./frame-splitting.js";
export type {
  Artifact2ArtifactSplittingMaskGeneratorOptions,
  FrameChoice,
  FrameSplittingMaskGeneratorOptions,
} from "./frame-splitting.js";
