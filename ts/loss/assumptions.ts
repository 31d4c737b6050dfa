import type { NoiseKind, OperatorKind } from "../physics/index.js";

/** What a loss assumes about noise, operator, arguments and model, as data. */
export interface Assumptions {
  /** Noise models for which it is valid. */
  readonly noise: readonly NoiseKind[] | "any";
  /** Operators for which it is valid. */
  readonly operator: readonly OperatorKind[] | "any" | "linear";
  /** Arguments that `forward` requires. */
  readonly needs: readonly ("x" | "y" | "xNet" | "physics" | "model")[];
  /** Whether the model must be adapted first, with the loss's `adaptModel`. */
  readonly adapted: boolean;
  /** Whether `x` is a second noisy image of the same scene instead of ground truth. Default: false. */
  readonly noisyPairs?: boolean;
}

/** Noise with zero mean given the clean measurement, and independent between pixels. */
export const unbiasedNoise = [
  "gaussian",
  "poisson",
  "poissonGaussian",
  "gamma",
  "uniform",
  "uniformGaussian",
  "laplace",
  "zero",
] as const;

/**
 * The assumptions of every loss, by class name.
 *
 * The types of `forward`, the checks at run time, `compatibleLosses` and the table of the documentation derive from
 * this table.
 */
export const lossAssumptions = {
  SupLoss: { noise: "any", operator: "any", needs: ["xNet", "x"], adapted: false },
  MCLoss: { noise: "any", operator: "any", needs: ["xNet", "y", "physics"], adapted: false },
  SureGaussianLoss: { noise: ["gaussian"], operator: "any", needs: ["xNet", "y", "physics", "model"], adapted: false },
  SurePoissonLoss: { noise: ["poisson"], operator: "any", needs: ["xNet", "y", "physics", "model"], adapted: false },
  SurePGLoss: { noise: ["poissonGaussian"], operator: "any", needs: ["xNet", "y", "physics", "model"], adapted: false },
  R2RLoss: {
    noise: ["gaussian", "poisson", "gamma"],
    operator: "any",
    needs: ["xNet", "y", "physics", "model"],
    adapted: true,
  },
  DistributionalConsistencyLoss: {
    noise: ["gaussian", "poisson"],
    operator: "any",
    needs: ["xNet", "y", "physics"],
    adapted: false,
  },
  LearningToRecorruptLoss: {
    noise: unbiasedNoise,
    operator: "any",
    needs: ["xNet", "y", "physics", "model"],
    adapted: true,
  },
  Neighbor2Neighbor: {
    noise: unbiasedNoise,
    operator: ["denoising"],
    needs: ["y", "physics", "model"],
    adapted: false,
  },
  Noise2NoiseLoss: {
    noise: unbiasedNoise,
    operator: ["denoising"],
    needs: ["xNet", "x", "physics"],
    adapted: false,
    noisyPairs: true,
  },
  Noise2VoidLoss: {
    noise: unbiasedNoise,
    operator: ["denoising"],
    needs: ["xNet", "y", "physics", "model"],
    adapted: true,
  },
  Noise2SelfLoss: {
    noise: unbiasedNoise,
    operator: ["denoising"],
    needs: ["xNet", "y", "physics", "model"],
    adapted: true,
  },
  ScoreLoss: {
    noise: ["gaussian", "poisson", "gamma"],
    operator: ["denoising"],
    needs: ["physics", "model"],
    adapted: true,
  },
  TVLoss: { noise: "any", operator: "any", needs: ["xNet"], adapted: false },
  SplittingLoss: { noise: unbiasedNoise, operator: "any", needs: ["xNet", "y", "physics", "model"], adapted: true },
  EquivariantSplittingLoss: {
    noise: unbiasedNoise,
    operator: "any",
    needs: ["xNet", "y", "physics", "model"],
    adapted: true,
  },
  EILoss: { noise: "any", operator: "any", needs: ["xNet", "physics", "model"], adapted: false },
  MOILoss: { noise: "any", operator: "any", needs: ["xNet", "physics", "model"], adapted: false },
  MOEILoss: { noise: "any", operator: "any", needs: ["xNet", "physics", "model"], adapted: false },
  AugmentConsistencyLoss: {
    noise: "any",
    operator: "linear",
    needs: ["xNet", "y", "physics", "model"],
    adapted: false,
  },
  ReducedResolutionLoss: {
    noise: "any",
    operator: ["blur", "blurFFT", "downsampling", "composed", "custom"],
    needs: ["xNet", "y", "physics", "model"],
    adapted: true,
  },
  StackedPhysicsLoss: { noise: "any", operator: ["stacked"], needs: ["xNet", "y", "physics", "model"], adapted: false },
  JacobianSpectralNorm: { noise: "any", operator: "any", needs: ["y", "model"], adapted: false },
  FNEJacobianSpectralNorm: { noise: "any", operator: "any", needs: ["y", "model"], adapted: false },
  SupAdversarialGeneratorLoss: { noise: "any", operator: "any", needs: ["xNet", "x"], adapted: false },
  SupAdversarialDiscriminatorLoss: { noise: "any", operator: "any", needs: ["xNet", "x"], adapted: false },
  UnsupAdversarialGeneratorLoss: { noise: "any", operator: "any", needs: ["xNet", "y", "physics"], adapted: false },
  UnsupAdversarialDiscriminatorLoss: { noise: "any", operator: "any", needs: ["xNet", "y", "physics"], adapted: false },
  UAIRGeneratorLoss: { noise: "any", operator: "any", needs: ["xNet", "y", "physics", "model"], adapted: false },
  UAIRDiscriminatorLoss: { noise: "any", operator: "any", needs: ["xNet", "y", "physics"], adapted: false },
  WeightedSplittingLoss: {
    noise: unbiasedNoise,
    operator: ["mri", "multiCoilMRI", "dynamicMRI", "inpainting"],
    needs: ["xNet", "y", "physics", "model"],
    adapted: true,
  },
  RobustSplittingLoss: {
    noise: ["gaussian"],
    operator: ["mri", "multiCoilMRI", "dynamicMRI", "inpainting"],
    needs: ["xNet", "y", "physics", "model"],
    adapted: true,
  },
  Phase2PhaseLoss: {
    noise: unbiasedNoise,
    operator: ["dynamicMRI", "sequentialMRI"],
    needs: ["xNet", "y", "physics", "model"],
    adapted: true,
  },
  Artifact2ArtifactLoss: {
    noise: unbiasedNoise,
    operator: ["dynamicMRI", "sequentialMRI"],
    needs: ["xNet", "y", "physics", "model"],
    adapted: true,
  },
  ENSURELoss: {
    noise: ["gaussian"],
    operator: ["mri", "inpainting"],
    needs: ["xNet", "y", "physics", "model"],
    adapted: false,
  },
} as const satisfies Record<string, Assumptions>;

/** Names of the losses of this library. */
export type LossName = keyof typeof lossAssumptions;
