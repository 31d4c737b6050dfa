import { it } from "vitest";
import type * as l from "../../ts/loss/index.js";
import type { Layer, Reconstructor } from "../../ts/nn/index.js";
import type {
  BlurFFT,
  Denoising,
  Downsampling,
  DynamicMRI,
  GammaNoise,
  GaussianNoise,
  Inpainting,
  MRI,
  MultiCoilMRI,
  Physics,
  PoissonGaussianNoise,
  PoissonNoise,
  RicianNoise,
  SaltPepperNoise,
  SequentialMRI,
  StackedPhysics,
  TensorList,
  UniformGaussianNoise,
} from "../../ts/physics/index.js";
import type { Tensor } from "../../ts/tensor/index.js";

declare const [x, y, xNet, model, D, list]: [Tensor, Tensor, Tensor, Reconstructor, Layer, TensorList];
declare const gaussian: Denoising<GaussianNoise>;
declare const poisson: Denoising<PoissonNoise>;
declare const mixed: Denoising<PoissonGaussianNoise>;
declare const gamma: Denoising<GammaNoise>;
declare const rician: Denoising<RicianNoise>;
declare const uncertain: Denoising<UniformGaussianNoise>;
declare const masked: Inpainting<GaussianNoise>;
declare const salted: Inpainting<SaltPepperNoise>;
declare const blurred: BlurFFT<GaussianNoise>;
declare const coarse: Downsampling<PoissonNoise>;
declare const slice: MRI<GaussianNoise>;
declare const counted: MRI<PoissonNoise>;
declare const coils: MultiCoilMRI<GaussianNoise>;
declare const video: DynamicMRI<GaussianNoise>;
declare const sequence: SequentialMRI<GaussianNoise>;
declare const stacked: StackedPhysics;
declare const general: Physics<GaussianNoise>;

/**
 * For each loss calls that compile and calls that must not. A loss without an entry does not compile; that each entry
 * refuses something is checked in test/loss/pairing.test.ts.
 */
const rows: { [L in l.LossName]: (loss: never) => void } = {
  SupLoss: (loss: l.SupLoss) => {
    loss.forward({ xNet, x, y, physics: rician, model });
    // @ts-expect-error no ground truth
    loss.forward({ xNet, y, physics: rician, model });
  },
  MCLoss: (loss: l.MCLoss) => {
    loss.forward({ xNet, y, physics: salted });
    // @ts-expect-error a stack
    loss.forward({ xNet, y, physics: stacked });
    // @ts-expect-error no physics
    loss.forward({ xNet, y });
  },
  SureGaussianLoss: (loss: l.SureGaussianLoss) => {
    loss.forward({ xNet, y, physics: blurred, model });
    // @ts-expect-error Poisson noise
    loss.forward({ xNet, y, physics: poisson, model });
    // @ts-expect-error a level that is redrawn for each image is unknown
    loss.forward({ xNet, y, physics: uncertain, model });
  },
  SurePoissonLoss: (loss: l.SurePoissonLoss) => {
    loss.forward({ xNet, y, physics: coarse, model });
    // @ts-expect-error Gaussian noise
    loss.forward({ xNet, y, physics: gaussian, model });
    // @ts-expect-error Gaussian noise too
    loss.forward({ xNet, y, physics: mixed, model });
  },
  SurePGLoss: (loss: l.SurePGLoss) => {
    loss.forward({ xNet, y, physics: mixed, model });
    // @ts-expect-error no Gaussian noise
    loss.forward({ xNet, y, physics: poisson, model });
  },
  R2RLoss: (loss: l.R2RLoss) => {
    loss.forward({ xNet, y, physics: gamma, model: loss.adaptModel(model) });
    loss.forward({ xNet, y, physics: masked, model: loss.adaptModel(model) });
    // @ts-expect-error Poisson-Gaussian noise cannot be split
    loss.forward({ xNet, y, physics: mixed, model: loss.adaptModel(model) });
    // @ts-expect-error the model was not adapted
    loss.forward({ xNet, y, physics: gamma, model });
  },
  Neighbor2Neighbor: (loss: l.Neighbor2Neighbor) => {
    loss.forward({ y, physics: uncertain, model });
    // @ts-expect-error inpainting is not denoising
    loss.forward({ y, physics: masked, model });
    // @ts-expect-error Rician noise is not centred
    loss.forward({ y, physics: rician, model });
  },
  Noise2NoiseLoss: (loss: l.Noise2NoiseLoss) => {
    loss.forward({ xNet, x, physics: uncertain });
    // @ts-expect-error no second image
    loss.forward({ xNet, y, physics: gaussian });
    // @ts-expect-error inpainting is not denoising
    loss.forward({ xNet, x, physics: masked });
    // @ts-expect-error Rician noise is not centred
    loss.forward({ xNet, x, physics: rician });
  },
  DistributionalConsistencyLoss: (loss: l.DistributionalConsistencyLoss) => {
    loss.forward({ xNet, y, physics: masked });
    // @ts-expect-error gamma noise is not known to it
    loss.forward({ xNet, y, physics: gamma });
    // @ts-expect-error the physics is missing
    loss.forward({ xNet, y });
  },
  LearningToRecorruptLoss: (loss: l.LearningToRecorruptLoss) => {
    loss.forward({ xNet, y, physics: masked, model: loss.adaptModel(model) });
    // @ts-expect-error Rician noise is not centred
    loss.forward({ xNet, y, physics: rician, model: loss.adaptModel(model) });
    // @ts-expect-error the model was not adapted
    loss.forward({ xNet, y, physics: gaussian, model });
  },
  Noise2VoidLoss: (loss: l.Noise2VoidLoss) => {
    loss.forward({ xNet, y, physics: uncertain, model: loss.adaptModel(model) });
    // @ts-expect-error inpainting is not denoising
    loss.forward({ xNet, y, physics: masked, model: loss.adaptModel(model) });
    // @ts-expect-error Rician noise is not centred
    loss.forward({ xNet, y, physics: rician, model: loss.adaptModel(model) });
    // @ts-expect-error the model was not adapted
    loss.forward({ xNet, y, physics: gaussian, model });
  },
  Noise2SelfLoss: (loss: l.Noise2SelfLoss) => {
    loss.forward({ xNet, y, physics: uncertain, model: loss.adaptModel(model) });
    // @ts-expect-error inpainting is not denoising
    loss.forward({ xNet, y, physics: masked, model: loss.adaptModel(model) });
    // @ts-expect-error Rician noise is not centred
    loss.forward({ xNet, y, physics: rician, model: loss.adaptModel(model) });
    // @ts-expect-error the model was not adapted
    loss.forward({ xNet, y, physics: gaussian, model });
  },
  ScoreLoss: (loss: l.ScoreLoss) => {
    loss.forward({ physics: gamma, model: loss.adaptModel(model) });
    // @ts-expect-error inpainting is not denoising
    loss.forward({ physics: masked, model: loss.adaptModel(model) });
    // @ts-expect-error a level that is redrawn for each image is unknown
    loss.forward({ physics: uncertain, model: loss.adaptModel(model) });
    // @ts-expect-error the model was not adapted
    loss.forward({ physics: gamma, model });
  },
  TVLoss: (loss: l.TVLoss) => {
    loss.forward({ xNet, physics: stacked });
    // @ts-expect-error no reconstruction
    loss.forward({ x, y, physics: gaussian, model });
  },
  SplittingLoss: (loss: l.SplittingLoss) => {
    loss.forward({ xNet, y, physics: slice, model: loss.adaptModel(model) });
    // @ts-expect-error salt and pepper is not centred
    loss.forward({ xNet, y, physics: salted, model: loss.adaptModel(model) });
    // @ts-expect-error the model was not adapted
    loss.forward({ xNet, y, physics: slice, model });
  },
  EquivariantSplittingLoss: (loss: l.EquivariantSplittingLoss) => {
    loss.forward({ xNet, y, physics: masked, model: loss.adaptModel(model) });
    // @ts-expect-error salt and pepper is not centred
    loss.forward({ xNet, y, physics: salted, model: loss.adaptModel(model) });
    // @ts-expect-error the model was not adapted
    loss.forward({ xNet, y, physics: masked, model });
  },
  EILoss: (loss: l.EILoss) => {
    loss.forward({ xNet, physics: salted, model });
    // @ts-expect-error a stack
    loss.forward({ xNet, physics: stacked, model });
    // @ts-expect-error no network
    loss.forward({ xNet, y, physics: salted });
  },
  MOILoss: (loss: l.MOILoss) => {
    loss.forward({ xNet, physics: masked, model });
    // @ts-expect-error a stack
    loss.forward({ xNet, physics: stacked, model });
  },
  MOEILoss: (loss: l.MOEILoss) => {
    loss.forward({ xNet, physics: masked, model });
    // @ts-expect-error no physics
    loss.forward({ xNet, y, model });
  },
  AugmentConsistencyLoss: (loss: l.AugmentConsistencyLoss) => {
    loss.forward({ xNet, y, physics: slice, model });
    // @ts-expect-error an operator that may not be linear
    loss.forward({ xNet, y, physics: general, model });
  },
  ReducedResolutionLoss: (loss: l.ReducedResolutionLoss) => {
    loss.forward({ xNet, y, physics: coarse, model: loss.adaptModel(model) });
    // @ts-expect-error a masked image is no image at lower resolution
    loss.forward({ xNet, y, physics: masked, model: loss.adaptModel(model) });
    // @ts-expect-error the model was not adapted
    loss.forward({ xNet, y, physics: coarse, model });
  },
  StackedPhysicsLoss: (loss: l.StackedPhysicsLoss) => {
    loss.forward({ xNet, y: list, physics: stacked, model });
    // @ts-expect-error one operator is no stack
    loss.forward({ xNet, y: list, physics: gaussian, model });
  },
  JacobianSpectralNorm: (loss: l.JacobianSpectralNorm) => {
    loss.forward({ y, model, physics: salted });
    // @ts-expect-error no network
    loss.forward({ y, xNet, physics: salted });
  },
  FNEJacobianSpectralNorm: (loss: l.FNEJacobianSpectralNorm) => {
    loss.forward({ y, x, model });
    // @ts-expect-error no measurement
    loss.forward({ x, model });
  },
  SupAdversarialGeneratorLoss: (loss: l.adversarial.SupAdversarialGeneratorLoss) => {
    loss.forward({ xNet, x, D });
    // @ts-expect-error no ground truth
    loss.forward({ xNet, y, D });
  },
  SupAdversarialDiscriminatorLoss: (loss: l.adversarial.SupAdversarialDiscriminatorLoss) => {
    loss.forward({ xNet, x, D });
    // @ts-expect-error no ground truth
    loss.forward({ xNet, y, D });
  },
  UnsupAdversarialGeneratorLoss: (loss: l.adversarial.UnsupAdversarialGeneratorLoss) => {
    loss.forward({ xNet, y, physics: masked, D });
    // @ts-expect-error a stack
    loss.forward({ xNet, y, physics: stacked, D });
  },
  UnsupAdversarialDiscriminatorLoss: (loss: l.adversarial.UnsupAdversarialDiscriminatorLoss) => {
    loss.forward({ xNet, y, physics: masked, D });
    // @ts-expect-error a stack
    loss.forward({ xNet, y, physics: stacked, D });
  },
  UAIRGeneratorLoss: (loss: l.adversarial.UAIRGeneratorLoss) => {
    loss.forward({ xNet, y, physics: masked, model, D });
    // @ts-expect-error no network
    loss.forward({ xNet, y, physics: masked, D });
  },
  UAIRDiscriminatorLoss: (loss: l.adversarial.UAIRDiscriminatorLoss) => {
    loss.forward({ xNet, y, physics: masked, D });
    // @ts-expect-error a stack
    loss.forward({ xNet, y, physics: stacked, D });
  },
  WeightedSplittingLoss: (loss: l.mri.WeightedSplittingLoss) => {
    loss.forward({ xNet, y, physics: coils, model: loss.adaptModel(model) });
    // @ts-expect-error a blur has no mask
    loss.forward({ xNet, y, physics: blurred, model: loss.adaptModel(model) });
    // @ts-expect-error the model was not adapted
    loss.forward({ xNet, y, physics: coils, model });
  },
  RobustSplittingLoss: (loss: l.mri.RobustSplittingLoss) => {
    loss.forward({ xNet, y, physics: slice, model: loss.adaptModel(model) });
    // @ts-expect-error Poisson noise
    loss.forward({ xNet, y, physics: counted, model: loss.adaptModel(model) });
    // @ts-expect-error the model was not adapted
    loss.forward({ xNet, y, physics: slice, model });
  },
  Phase2PhaseLoss: (loss: l.mri.Phase2PhaseLoss) => {
    loss.forward({ xNet, y, physics: sequence, model: loss.adaptModel(model) });
    // @ts-expect-error one image has no frames
    loss.forward({ xNet, y, physics: slice, model: loss.adaptModel(model) });
    // @ts-expect-error the model was not adapted
    loss.forward({ xNet, y, physics: sequence, model });
  },
  Artifact2ArtifactLoss: (loss: l.mri.Artifact2ArtifactLoss) => {
    loss.forward({ xNet, y, physics: video, model: loss.adaptModel(model) });
    // @ts-expect-error several coils are no frames
    loss.forward({ xNet, y, physics: coils, model: loss.adaptModel(model) });
    // @ts-expect-error the model was not adapted
    loss.forward({ xNet, y, physics: video, model });
  },
  ENSURELoss: (loss: l.mri.ENSURELoss) => {
    loss.forward({ xNet, y, physics: masked, model });
    // @ts-expect-error Poisson noise
    loss.forward({ xNet, y, physics: counted, model });
    // @ts-expect-error several coils
    loss.forward({ xNet, y, physics: coils, model });
  },
};

it("each loss accepts what it is made for, and nothing else", () => void rows);
