import { describe, it } from "vitest";
import {
  EquivariantSplittingLoss,
  MCLoss,
  Neighbor2Neighbor,
  R2RLoss,
  ReducedResolutionLoss,
  SplittingLoss,
  StackedPhysicsLoss,
  SupLoss,
  SureGaussianLoss,
  SurePGLoss,
  SurePoissonLoss,
  TVLoss,
  type Loss,
} from "../../ts/loss/index.js";
import {
  adversarial,
  FNEJacobianSpectralNorm,
  InterleavedLossScheduler,
  JacobianSpectralNorm,
  RandomLossScheduler,
} from "../../ts/loss/index.js";
import type { Reconstructor } from "../../ts/nn/index.js";
import type {
  Denoising,
  Downsampling,
  GammaNoise,
  GaussianNoise,
  Inpainting,
  PoissonGaussianNoise,
  PoissonNoise,
  SaltPepperNoise,
  StackedPhysics,
  TensorList,
} from "../../ts/physics/index.js";
import { mri } from "../../ts/loss/index.js";
import type { DynamicMRI, MRI, MultiCoilMRI, PhysicsGenerator, SequentialMRI } from "../../ts/physics/index.js";
import { AugmentConsistencyLoss, EILoss, MOEILoss, MOILoss } from "../../ts/loss/index.js";
import type { Physics } from "../../ts/physics/index.js";
import type { Tensor } from "../../ts/tensor/index.js";
import type { Transform } from "../../ts/transform/index.js";

declare const t: Tensor;
declare const model: Reconstructor;
declare const gaussian: Denoising<GaussianNoise>;
declare const poisson: Denoising<PoissonNoise>;
declare const mixed: Denoising<PoissonGaussianNoise>;
declare const gamma: Denoising<GammaNoise>;
declare const masked: Inpainting<GaussianNoise>;
declare const salted: Inpainting<SaltPepperNoise>;
declare const coarse: Downsampling<GaussianNoise>;
declare const stacked: StackedPhysics;
declare const list: TensorList;

describe("a loss accepts the physics it is made for, and no other", () => {
  const args = { xNet: t, y: t, model };

  it("by noise model", () => {
    const sure = new SureGaussianLoss({ sigma: 0.1 });
    sure.forward({ ...args, physics: gaussian });
    sure.forward({ ...args, physics: masked });
    // @ts-expect-error Poisson noise
    sure.forward({ ...args, physics: poisson });
    // @ts-expect-error Poisson-Gaussian noise
    sure.forward({ ...args, physics: mixed });

    const poissonLoss = new SurePoissonLoss({ gain: 0.1 });
    poissonLoss.forward({ ...args, physics: poisson });
    // @ts-expect-error Gaussian noise
    poissonLoss.forward({ ...args, physics: gaussian });

    const mixedLoss = new SurePGLoss({ gain: 0.1, sigma: 0.1 });
    mixedLoss.forward({ ...args, physics: mixed });
    // @ts-expect-error Gamma noise
    mixedLoss.forward({ ...args, physics: gamma });
  });

  it("by operator", () => {
    const neighbours = new Neighbor2Neighbor();
    neighbours.forward({ y: t, model, physics: gaussian });
    // @ts-expect-error inpainting is not denoising
    neighbours.forward({ y: t, model, physics: masked });
  });

  it("by adapted model", () => {
    const loss = new R2RLoss();
    const adapted = loss.adaptModel(model);
    loss.forward({ xNet: t, y: t, physics: gaussian, model: adapted });
    loss.forward({ xNet: t, y: t, physics: gamma, model: adapted });
    loss.forward({ xNet: t, y: t, physics: masked, model: adapted });
    // @ts-expect-error the model was not adapted
    loss.forward({ xNet: t, y: t, physics: gaussian, model });
    // @ts-expect-error Poisson-Gaussian noise cannot be split
    loss.forward({ xNet: t, y: t, physics: mixed, model: adapted });
  });

  it("by splitting", () => {
    const loss = new SplittingLoss();
    const adapted = loss.adaptModel(model);
    loss.forward({ xNet: t, y: t, physics: masked, model: adapted });
    loss.forward({ xNet: t, y: t, physics: poisson, model: adapted });
    // @ts-expect-error the model was not adapted
    loss.forward({ xNet: t, y: t, physics: masked, model });
    // @ts-expect-error the model was adapted by another loss
    loss.forward({ xNet: t, y: t, physics: masked, model: new R2RLoss().adaptModel(model) });
    // @ts-expect-error salt and pepper noise is not centred
    loss.forward({ xNet: t, y: t, physics: salted, model: adapted });
    // @ts-expect-error an operator is no generator
    new SplittingLoss({ maskGenerator: masked });
  });

  it("by equivariant splitting", () => {
    const loss = new EquivariantSplittingLoss();
    const adapted = loss.adaptModel(model);
    loss.forward({ xNet: t, y: t, physics: masked, model: adapted });
    // @ts-expect-error the model was adapted for plain splitting
    loss.forward({ xNet: t, y: t, physics: masked, model: new SplittingLoss().adaptModel(model) });
    // @ts-expect-error salt and pepper noise is not centred
    loss.forward({ xNet: t, y: t, physics: salted, model: adapted });
  });

  it("by reduced resolution", () => {
    const loss = new ReducedResolutionLoss();
    const adapted = loss.adaptModel(model);
    loss.forward({ xNet: t, y: t, physics: coarse, model: adapted });
    // @ts-expect-error masked images are no images at lower resolution
    loss.forward({ xNet: t, y: t, physics: masked, model: adapted });
    // @ts-expect-error the model was not adapted
    loss.forward({ xNet: t, y: t, physics: coarse, model });
  });

  it("by stack", () => {
    const loss = new StackedPhysicsLoss({ losses: [new MCLoss()] });
    loss.forward({ xNet: t, y: list, physics: stacked, model });
    // @ts-expect-error one operator is no stack
    loss.forward({ xNet: t, y: list, physics: gaussian, model });
    // @ts-expect-error a stack gives a list of measurements
    loss.forward({ xNet: t, y: t, physics: stacked, model });
    // @ts-expect-error a stack needs a loss for each operator
    new MCLoss().forward({ xNet: t, y: t, physics: stacked });
  });

  it("and asks for what it needs", () => {
    new SupLoss().forward({ xNet: t, x: t });
    new SupLoss().forward({ xNet: t, x: t, y: t, physics: poisson, model });
    new TVLoss().forward({ xNet: t });
    new MCLoss().forward({ xNet: t, y: t, physics: gamma });
    // @ts-expect-error no ground truth
    new SupLoss().forward({ xNet: t });
    // @ts-expect-error no physics
    new MCLoss().forward({ xNet: t, y: t });
    // @ts-expect-error no model
    new SureGaussianLoss({ sigma: 0.1 }).forward({ xNet: t, y: t, physics: gaussian });
    // @ts-expect-error no sigma
    new SureGaussianLoss({});
  });

  it("also through a scheduler, which asks for what each of its losses needs", () => {
    const scheduler = new RandomLossScheduler({
      losses: [new TVLoss(), [new SupLoss(), new SureGaussianLoss({ sigma: 0.1 })]],
    });
    scheduler.forward({ ...args, x: t, physics: gaussian });
    // @ts-expect-error Poisson noise
    scheduler.forward({ ...args, x: t, physics: poisson });
    // @ts-expect-error no ground truth for SupLoss
    scheduler.forward({ ...args, physics: gaussian });
    const adapting = new InterleavedLossScheduler({ losses: [new TVLoss(), new R2RLoss()] });
    adapting.forward({ ...args, physics: gaussian, model: adapting.adaptModel(model) });
    // @ts-expect-error the model was not adapted
    adapting.forward({ ...args, physics: gaussian });
  });

  it("adversarial losses and norms of Jacobians ask for what they compare", () => {
    const D = undefined as never;
    new adversarial.SupAdversarialGeneratorLoss().forward({ xNet: t, x: t, D });
    // @ts-expect-error no ground truth
    new adversarial.SupAdversarialGeneratorLoss().forward({ xNet: t, y: t, D });
    // @ts-expect-error no ground truth
    new adversarial.SupAdversarialDiscriminatorLoss().forward({ xNet: t, D });
    new adversarial.UnsupAdversarialGeneratorLoss().forward({ xNet: t, y: t, physics: masked, D });
    // @ts-expect-error no physics
    new adversarial.UnsupAdversarialGeneratorLoss().forward({ xNet: t, y: t, D });
    // @ts-expect-error no measurement
    new adversarial.UnsupAdversarialDiscriminatorLoss().forward({ xNet: t, physics: masked, D });
    new adversarial.UAIRGeneratorLoss().forward({ xNet: t, y: t, physics: masked, model, D });
    // @ts-expect-error no model
    new adversarial.UAIRGeneratorLoss().forward({ xNet: t, y: t, physics: masked, D });
    // @ts-expect-error no physics
    new adversarial.UAIRDiscriminatorLoss().forward({ xNet: t, y: t, D });
    // @ts-expect-error no such flavour
    new adversarial.UAIRDiscriminatorLoss({ flavour: "gan" });
    new JacobianSpectralNorm().forward({ y: t, model });
    // @ts-expect-error no model
    new JacobianSpectralNorm().forward({ y: t });
    // @ts-expect-error no point
    new FNEJacobianSpectralNorm().forward({ model });
  });

  it("while a list of any losses can be held", () => {
    const losses: Loss[] = [
      new SupLoss(),
      new SureGaussianLoss({ sigma: 0.1 }),
      new R2RLoss(),
      new Neighbor2Neighbor(),
      new TVLoss(),
    ];
    void losses;
  });
});

declare const generator: PhysicsGenerator;
declare const slice: MRI<GaussianNoise>;
declare const countedSlice: MRI<PoissonNoise>;
declare const coils: MultiCoilMRI<GaussianNoise>;
declare const video: DynamicMRI<GaussianNoise>;
declare const sequence: SequentialMRI<GaussianNoise>;

describe("mri losses", () => {
  it("weighted and robust splitting: masked operators, adapted by themselves", () => {
    const loss = new mri.WeightedSplittingLoss({ maskGenerator: generator, physicsGenerator: generator });
    const adapted = loss.adaptModel(model);
    loss.forward({ xNet: t, y: t, physics: slice, model: adapted });
    loss.forward({ xNet: t, y: t, physics: coils, model: adapted });
    // @ts-expect-error the model was not adapted
    loss.forward({ xNet: t, y: t, physics: slice, model });
    // @ts-expect-error the model was adapted by another loss
    loss.forward({ xNet: t, y: t, physics: slice, model: new SplittingLoss().adaptModel(model) });
    // @ts-expect-error denoising has no mask
    loss.forward({ xNet: t, y: t, physics: gaussian, model: adapted });
    const robust = new mri.RobustSplittingLoss({ maskGenerator: generator, physicsGenerator: generator });
    robust.forward({ xNet: t, y: t, physics: slice, model: robust.adaptModel(model) });
    // @ts-expect-error Poisson noise
    robust.forward({ xNet: t, y: t, physics: countedSlice, model: robust.adaptModel(model) });
    // @ts-expect-error the model was not adapted
    robust.forward({ xNet: t, y: t, physics: slice, model });
    // @ts-expect-error the mask generator is missing
    new mri.RobustSplittingLoss({ physicsGenerator: generator });
  });

  it("splitting over time: sequences only", () => {
    const phases = new mri.Phase2PhaseLoss({ imgSize: [2, 4, 8, 8] });
    phases.forward({ xNet: t, y: t, physics: video, model: phases.adaptModel(model) });
    phases.forward({ xNet: t, y: t, physics: sequence, model: phases.adaptModel(model) });
    // @ts-expect-error one image has no frames
    phases.forward({ xNet: t, y: t, physics: slice, model: phases.adaptModel(model) });
    // @ts-expect-error the model was not adapted
    phases.forward({ xNet: t, y: t, physics: video, model });
    const chunks = new mri.Artifact2ArtifactLoss({ imgSize: [2, 4, 8, 8] });
    chunks.forward({ xNet: t, y: t, physics: video, model: chunks.adaptModel(model) });
    // @ts-expect-error the model was adapted by another loss
    chunks.forward({ xNet: t, y: t, physics: video, model: phases.adaptModel(model) });
    // @ts-expect-error several coils are no frames
    chunks.forward({ xNet: t, y: t, physics: coils, model: chunks.adaptModel(model) });
  });

  it("ENSURE: Gaussian noise, single-coil MRI or inpainting", () => {
    const loss = new mri.ENSURELoss({ sigma: 0.1, physicsGenerator: generator });
    loss.forward({ xNet: t, y: t, physics: slice, model });
    loss.forward({ xNet: t, y: t, physics: masked, model });
    // @ts-expect-error Poisson noise
    loss.forward({ xNet: t, y: t, physics: countedSlice, model });
    // @ts-expect-error several coils
    loss.forward({ xNet: t, y: t, physics: coils, model });
    // @ts-expect-error sigma is missing
    new mri.ENSURELoss({ physicsGenerator: generator });
  });
});

declare const spatial: Transform;
declare const function3: (x: Tensor) => Tensor;
declare const any: Physics;

describe("losses of equivariant imaging", () => {
  const args = { xNet: t, model };

  it("EI: any operator and noise, but never without a model or a transform", () => {
    const loss = new EILoss({ transform: spatial });
    loss.forward({ ...args, physics: masked });
    loss.forward({ ...args, y: t, physics: salted });
    // @ts-expect-error no model
    loss.forward({ xNet: t, physics: masked });
    // @ts-expect-error no physics
    loss.forward(args);
    // @ts-expect-error a stack needs a loss for each operator
    loss.forward({ ...args, physics: stacked });
    // @ts-expect-error the transform is missing
    new EILoss({});
    // @ts-expect-error a function has no parameters to invert
    new EILoss({ transform: function3 });
  });

  it("MOI and MOEI: a list of operators, or a generator", () => {
    new MOILoss({ physics: [masked, gaussian, coarse] }).forward({ ...args, physics: masked });
    new MOILoss({ physicsGenerator: generator }).forward({ ...args, physics: slice });
    new MOEILoss({ transform: spatial, physics: masked, physicsGenerator: generator }).forward({
      ...args,
      physics: masked,
    });
    // @ts-expect-error no physics
    new MOILoss({ physics: [masked] }).forward(args);
    // @ts-expect-error a generator is no operator
    new MOILoss({ physics: [generator] });
    // @ts-expect-error the transform is missing
    new MOEILoss({ physics: [masked] });
  });

  it("augmentation: linear operators", () => {
    const loss = new AugmentConsistencyLoss();
    loss.forward({ ...args, y: t, physics: slice });
    loss.forward({ ...args, y: t, physics: coils });
    // @ts-expect-error an operator of which no adjoint is known
    loss.forward({ ...args, y: t, physics: any });
    // @ts-expect-error no measurement
    loss.forward({ ...args, physics: slice });
    // @ts-expect-error a generator is no transform
    new AugmentConsistencyLoss({ Te: generator });
  });

  it("equivariant splitting takes transforms", () => {
    new EquivariantSplittingLoss({ transform: spatial, evalTransform: spatial });
    // @ts-expect-error a metric is no transform
    new EquivariantSplittingLoss({ transform: new MCLoss() });
  });
});
