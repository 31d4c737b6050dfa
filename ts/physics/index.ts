/** Physics: how measurements come about. Operators and noise models. */
export { type OperatorKind, operatorKinds } from "./kinds.js";
export { checkPhysics } from "./check-physics.js";
export { ComposedPhysics, Physics } from "./physics.js";
export type { MeasureOptions, NoiseDrawOptions, PhysicsOptions, PhysicsParameters } from "./physics.js";
export { adjointFunction, ComposedLinearPhysics, LinearPhysics } from "./linear.js";
export type { LinearOptions } from "./linear.js";
export type { SolverOptions } from "./least-squares.js";
export type { NormOptions } from "./power-iteration.js";
export { DecomposablePhysics } from "./decomposable.js";
export type { DecomposableOptions } from "./decomposable.js";
export { stack, StackedLinearPhysics, StackedPhysics } from "./stacked.js";
export { TensorList } from "./tensor-list.js";
export { compose } from "./compose.js";
export { VirtualLinearPhysics } from "./virtual-linear-physics.js";
export type { VirtualLinearPhysicsOptions } from "./virtual-linear-physics.js";
export { Blur } from "./blur.js";
export type { BlurOptions } from "./blur.js";
export { BlurFFT } from "./blur-fft.js";
export type { BlurFFTOptions } from "./blur-fft.js";
export { CompressedSensing } from "./compressed-sensing.js";
export type { CompressedSensingOptions } from "./compressed-sensing.js";
export { Decolorize } from "./decolorize.js";
export type { DecolorizeOptions } from "./decolorize.js";
export { Demosaicing } from "./demosaicing.js";
export type { DemosaicingOptions } from "./demosaicing.js";
export { Denoising } from "./denoising.js";
export { Downsampling } from "./downsampling.js";
export type { DownsamplingFilter, DownsamplingOptions } from "./downsampling.js";
export { Inpainting } from "./inpainting.js";
export type { InpaintingOptions } from "./inpainting.js";
export { DynamicMRI } from "./dynamic-mri.js";
export type { DynamicMRIOptions } from "./dynamic-mri.js";
export { MRI } from "./mri.js";
export type { MRIOptions } from "./mri.js";
export { MultiCoilMRI } from "./multi-coil-mri.js";
export type { MultiCoilMRIOptions } from "./multi-coil-mri.js";
export { SequentialMRI } from "./sequential-mri.js";
export { Pansharpen } from "./pansharpen.js";
export type { PansharpenOptions } from "./pansharpen.js";
export { SinglePixelCamera } from "./single-pixel-camera.js";
export type { Ordering, SinglePixelCameraOptions } from "./single-pixel-camera.js";
export { Tomography } from "./tomography.js";
export type { TomographyOptions } from "./tomography.js";
export type { ProjectionFilter } from "./functional/back-projection.js";
export { diskBlur, gaussianBlur, motionBlur } from "./functional/blur-filters.js";
export { bicubicFilter, bilinearFilter, sincFilter } from "./functional/filters.js";
export type { Padding } from "../functional/index.js";
export {
  FisherTippettNoise,
  GammaNoise,
  GaussianNoise,
  LaplaceNoise,
  LogPoissonNoise,
  noiseKinds,
  NoiseModel,
  PoissonGaussianNoise,
  PoissonNoise,
  RicianNoise,
  SaltPepperNoise,
  UniformGaussianNoise,
  UniformNoise,
  ZeroNoise,
} from "./noise/index.js";
export type {
  FisherTippettNoiseOptions,
  GammaNoiseOptions,
  GaussianNoiseOptions,
  LaplaceNoiseOptions,
  Level,
  LogPoissonNoiseOptions,
  NoiseCallOptions,
  NoiseKind,
  NoiseOptions,
  PoissonGaussianNoiseOptions,
  PoissonNoiseOptions,
  RicianNoiseOptions,
  SaltPepperNoiseOptions,
  UniformGaussianNoiseOptions,
  UniformNoiseOptions,
} from "./noise/index.js";
export {
  BernoulliSplittingMaskGenerator,
  DiffractionBlurGenerator,
  GainGenerator,
  GeneratorMixture,
  MotionBlurGenerator,
  PhysicsGenerator,
  SigmaGenerator,
} from "./generator/index.js";
export type {
  BernoulliSplittingMaskGeneratorOptions,
  DiffractionBlurGeneratorOptions,
  GainGeneratorOptions,
  GeneratedParameters,
  GeneratorMixtureOptions,
  GeneratorOptions,
  InputMask,
  MotionBlurGeneratorOptions,
  SigmaGeneratorOptions,
  StepOptions,
  ZernikeIndex,
} from "./generator/index.js";
export {
  Artifact2ArtifactSplittingMaskGenerator,
  EquispacedMaskGenerator,
  FrameSplittingMaskGenerator,
  GaussianMaskGenerator,
  GaussianSplittingMaskGenerator,
  MRIMaskGenerator,
  MultiplicativeSplittingMaskGenerator,
  Phase2PhaseSplittingMaskGenerator,
  PolyOrderMaskGenerator,
  RandomMaskGenerator,
} from "./generator/index.js";
export type {
  Artifact2ArtifactSplittingMaskGeneratorOptions,
  FrameChoice,
  FrameSplittingMaskGeneratorOptions,
  GaussianSplittingMaskGeneratorOptions,
  Lines,
  MRIMaskGeneratorOptions,
  MultiplicativeSplittingMaskGeneratorOptions,
  PolyOrderMaskGeneratorOptions,
} from "./generator/index.js";
