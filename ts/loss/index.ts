/** Losses: what a network is trained to minimise, with or without ground truth. */
export { type Assumptions, type LossName, lossAssumptions } from "./assumptions.js";
export { compatibleLosses, fittingLosses } from "./compatible.js";
export type { PhysicsSummary } from "./fitting.js";
export { Loss } from "./loss.js";
export type { Adapted, ArgsOf, LossArgs, PhysicsOf } from "./args.js";
export type { NameOf, PairingFault } from "./pairing.js";
export {
  type DivergenceArgs,
  type HutchinsonDivergenceArgs,
  type MonteCarloDivergenceArgs,
  exactDiv,
  hutchDiv,
  mcDiv,
} from "./divergence.js";
export { SupLoss, type SupLossOptions } from "./sup.js";
export { MCLoss, type MCLossOptions } from "./mc.js";
export { SureGaussianLoss, type SureGaussianLossOptions } from "./sure-gaussian.js";
export type { NoiseLevel } from "./noise-level.js";
export { SurePoissonLoss, type SurePoissonLossOptions } from "./sure-poisson.js";
export { SurePGLoss, type SurePGLossOptions } from "./sure-pg.js";
export { R2RLoss, type R2RLossOptions } from "./r2r.js";
export { R2RModel } from "./r2r-model.js";
export {
  DistributionalConsistencyLoss,
  type CalibratedNoise,
  type DistributionalConsistencyLossOptions,
} from "./distributional-consistency.js";
export { LearningToRecorruptLoss, type LearningToRecorruptLossOptions } from "./learning-to-recorrupt.js";
export { LearningToRecorruptModel } from "./learning-to-recorrupt-model.js";
export { Recorruptor } from "./recorruptor.js";
export { RecorruptorNet, type RecorruptorNetOptions } from "./recorruptor-net.js";
export { Neighbor2Neighbor, type Neighbor2NeighborOptions } from "./neighbor2neighbor.js";
export { Noise2NoiseLoss, type Noise2NoiseLossOptions } from "./noise2noise.js";
export { Noise2VoidLoss, type Noise2VoidLossOptions } from "./noise2void.js";
export { Noise2VoidModel } from "./noise2void-model.js";
export { Noise2SelfLoss, type Noise2SelfLossOptions } from "./noise2self.js";
export { Noise2SelfModel } from "./noise2self-model.js";
export {
  type Calibration,
  type CalibrateDenoiserOptions,
  calibrateDenoiser,
  type Choice,
} from "./calibrate-denoiser.js";
export { ScoreLoss, type ScoreLossOptions } from "./score.js";
export { ScoreModel } from "./score-model.js";
export { SplittingLoss, type SplittingLossOptions } from "./splitting.js";
export { EquivariantSplittingLoss, type EquivariantSplittingLossOptions } from "./equivariant-splitting.js";
export { EquivariantSplittingModel } from "./equivariant-splitting-model.js";
export { SplittingModel, type SplittingModelSettings } from "./splitting-model.js";
export { EILoss, type EILossOptions } from "./ei.js";
export { MOILoss, type MOILossOptions } from "./moi.js";
export { MOEILoss, type MOEILossOptions } from "./moei.js";
export type { OperatorPoolOptions } from "./operator-pool.js";
export { AugmentConsistencyLoss, type AugmentConsistencyLossOptions } from "./augment-consistency.js";
export { ReducedResolutionLoss, type ReducedResolutionLossOptions } from "./reduced-resolution.js";
export { ReducedResolutionModel } from "./reduced-resolution-model.js";
export { StackedPhysicsLoss, type StackedPhysicsLossOptions } from "./stacked-physics.js";
export { TVLoss, type TVLossOptions } from "./tv.js";
export { FNEJacobianSpectralNorm, type FNEJacobianSpectralNormOptions } from "./fne-jacobian-spectral-norm.js";
export { JacobianSpectralNorm, type JacobianSpectralNormOptions } from "./jacobian-spectral-norm.js";
export { jacobianSpectralNorm, type SpectralNormOptions } from "./spectral-norm.js";
export * as adversarial from "./adversarial/index.js";
export * from "./scheduler/index.js";
export * as mri from "./mri/index.js";
