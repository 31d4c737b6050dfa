import {
  adversarial,
  AugmentConsistencyLoss,
  EILoss,
  EquivariantSplittingLoss,
  FNEJacobianSpectralNorm,
  JacobianSpectralNorm,
  DistributionalConsistencyLoss,
  LearningToRecorruptLoss,
  MCLoss,
  MOEILoss,
  MOILoss,
  mri,
  Neighbor2Neighbor,
  Noise2NoiseLoss,
  Noise2SelfLoss,
  Noise2VoidLoss,
  R2RLoss,
  ReducedResolutionLoss,
  ScoreLoss,
  SplittingLoss,
  StackedPhysicsLoss,
  SupLoss,
  SureGaussianLoss,
  SurePGLoss,
  SurePoissonLoss,
  TVLoss,
} from "../../ts/loss/index.js";
import type { Loss, LossName } from "../../ts/loss/index.js";
import { Module } from "../../ts/nn/index.js";
import * as p from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { ones, tensor, type Tensor } from "../../ts/tensor/index.js";
import { Rotate, Shift } from "../../ts/transform/index.js";

/** A physics of any kind. */
export type AnyPhysics = p.Physics<p.NoiseModel, p.OperatorKind> | p.StackedPhysics;

/** A loss with arguments that it accepts, as plain JavaScript would give them. */
export interface Example {
  readonly loss: Loss;
  readonly args: Readonly<Record<string, unknown>>;
}

/** The adjoint of the measurement, a little darker, by a weight; of a stack's measurements the first. */
export class Darker extends Module {
  readonly weight = tensor([0.9]).requiresGrad_();

  forward(y: Tensor | p.TensorList, physics?: unknown): Tensor {
    if (y instanceof p.TensorList) return y.at(0).mul(this.weight);
    const linear = physics as p.LinearPhysics | undefined;
    const back = typeof linear?.AAdjoint === "function" ? linear.AAdjoint(y) : y;
    return back.mul(this.weight.to(back.dtype));
  }
}

/** One score for each image, times a weight. */
class MeanScore extends Module {
  readonly weight = tensor([1]).requiresGrad_();

  forward(images: Tensor): Tensor {
    return images
      .reshape([images.shape[0] ?? 1, -1])
      .mean(1, true)
      .mul(this.weight);
  }
}

/** Calls a loss as plain JavaScript can. */
export const call = (loss: Loss, args: unknown): Tensor => loss.forward(args as Parameters<Loss["forward"]>[0]);

const imgSize = [2, 6, 12];
const lines = () => new p.PolyOrderMaskGenerator({ imgSize, acceleration: 2, centerFraction: 0.2, polyOrder: 2 });
const weighted = () => ({
  physicsGenerator: lines(),
  maskGenerator: new p.MultiplicativeSplittingMaskGenerator({
    imgSize,
    splitGenerator: new p.PolyOrderMaskGenerator({ imgSize, acceleration: 1.5, centerFraction: 0.2, polyOrder: 1 }),
  }),
});
const gaussian = () => new p.GaussianNoise({ sigma: 0.1 });
const denoising = (noiseModel: p.NoiseModel = gaussian()) => new p.Denoising({ noiseModel });
const slice = () => new p.MRI({ mask: lines().step(2, { rng: new Rng(4) }).mask as Tensor, noiseModel: gaussian() });
const video = () => new p.DynamicMRI({ mask: new Rng(5).bernoulli([1, 1, 4, 6, 6], 0.8), noiseModel: gaussian() });
const masked = (seed = 7) =>
  new p.Inpainting({ imgSize: [1, 8, 8], mask: new Rng(seed).bernoulli([1, 1, 8, 8], 0.5), noiseModel: gaussian() });
const masks = () => new p.BernoulliSplittingMaskGenerator({ imgSize: [1, 8, 8], splitRatio: 0.5 });
const blurred = () => new p.Downsampling({ filter: "bilinear", factor: 2, noiseModel: gaussian() });

function example(
  loss: Loss,
  physics: AnyPhysics = denoising(),
  shape: number[] = [2, 1, 8, 8],
  more: object = {},
): Example {
  const rng = new Rng(1);
  const x = rng.uniform(shape).add(0.1);
  const y = physics.forward(x, { rng });
  const model = loss.adaptModel(new Darker());
  const xNet = model.forward(y as Tensor, physics as p.Physics, { updateParameters: true, rng });
  return { loss, args: { xNet, x, y, physics, model, rng, epoch: 0, ...more } };
}
const judged = (loss: Loss): Example => example(loss, denoising(), [2, 1, 8, 8], { D: new MeanScore() });

/** For every loss an example; a loss without one does not compile. */
export const everyLoss: { readonly [L in LossName]: () => Example } = {
  SupLoss: () => example(new SupLoss()),
  MCLoss: () => example(new MCLoss()),
  SureGaussianLoss: () => example(new SureGaussianLoss({ sigma: 0.1 })),
  SurePoissonLoss: () => example(new SurePoissonLoss({ gain: 0.1 }), denoising(new p.PoissonNoise({ gain: 0.1 }))),
  SurePGLoss: () =>
    example(
      new SurePGLoss({ gain: 0.1, sigma: 0.1 }),
      denoising(new p.PoissonGaussianNoise({ gain: 0.1, sigma: 0.1 })),
    ),
  R2RLoss: () => example(new R2RLoss()),
  DistributionalConsistencyLoss: () => example(new DistributionalConsistencyLoss()),
  LearningToRecorruptLoss: () => example(new LearningToRecorruptLoss()),
  Neighbor2Neighbor: () => example(new Neighbor2Neighbor()),
  Noise2NoiseLoss: () => example(new Noise2NoiseLoss()),
  Noise2VoidLoss: () => example(new Noise2VoidLoss({ rate: 0.1 })),
  Noise2SelfLoss: () => example(new Noise2SelfLoss()),
  ScoreLoss: () => example(new ScoreLoss()),
  TVLoss: () => example(new TVLoss()),
  SplittingLoss: () => example(new SplittingLoss({ splitRatio: 0.6 })),
  EquivariantSplittingLoss: () => example(new EquivariantSplittingLoss()),
  EILoss: () => example(new EILoss({ transform: new Shift() }), masked()),
  MOILoss: () => example(new MOILoss({ physics: [masked(1), masked(2)] }), masked()),
  MOEILoss: () =>
    example(new MOEILoss({ transform: new Rotate({ multiples: 90 }), physicsGenerator: masks() }), masked()),
  AugmentConsistencyLoss: () => example(new AugmentConsistencyLoss(), slice(), [2, ...imgSize]),
  ReducedResolutionLoss: () => example(new ReducedResolutionLoss(), blurred(), [2, 1, 16, 16]),
  StackedPhysicsLoss: () =>
    example(
      new StackedPhysicsLoss({ losses: [new MCLoss(), new MCLoss()] }),
      new p.StackedLinearPhysics({ list: [denoising(), denoising()] }),
    ),
  JacobianSpectralNorm: () => example(new JacobianSpectralNorm()),
  FNEJacobianSpectralNorm: () => example(new FNEJacobianSpectralNorm()),
  SupAdversarialGeneratorLoss: () => judged(new adversarial.SupAdversarialGeneratorLoss()),
  SupAdversarialDiscriminatorLoss: () => judged(new adversarial.SupAdversarialDiscriminatorLoss()),
  UnsupAdversarialGeneratorLoss: () => judged(new adversarial.UnsupAdversarialGeneratorLoss()),
  UnsupAdversarialDiscriminatorLoss: () => judged(new adversarial.UnsupAdversarialDiscriminatorLoss()),
  UAIRGeneratorLoss: () => judged(new adversarial.UAIRGeneratorLoss()),
  UAIRDiscriminatorLoss: () => judged(new adversarial.UAIRDiscriminatorLoss()),
  WeightedSplittingLoss: () => example(new mri.WeightedSplittingLoss(weighted()), slice(), [2, ...imgSize]),
  RobustSplittingLoss: () => example(new mri.RobustSplittingLoss(weighted()), slice(), [2, ...imgSize]),
  Phase2PhaseLoss: () => example(new mri.Phase2PhaseLoss({ imgSize: [2, 4, 6, 6] }), video(), [2, 2, 4, 6, 6]),
  Artifact2ArtifactLoss: () =>
    example(new mri.Artifact2ArtifactLoss({ imgSize: [2, 4, 6, 6] }), video(), [2, 2, 4, 6, 6]),
  ENSURELoss: () => {
    const mask = new Rng(6).bernoulli([1, 1, 8, 8], 0.5);
    return example(
      new mri.ENSURELoss({ sigma: 0.1, maskAverage: tensor(0.5).expand([1, 1, 8, 8]) }),
      new p.Inpainting({ imgSize: [1, 8, 8], mask, noiseModel: gaussian() }),
    );
  },
};

/** A noise model of every kind. */
export const everyNoise: { readonly [K in p.NoiseKind]: () => p.NoiseModel } = {
  gaussian,
  poisson: () => new p.PoissonNoise({ gain: 0.1 }),
  poissonGaussian: () => new p.PoissonGaussianNoise({ gain: 0.1, sigma: 0.1 }),
  gamma: () => new p.GammaNoise({ l: 5 }),
  uniform: () => new p.UniformNoise({ a: 0.1 }),
  uniformGaussian: () => new p.UniformGaussianNoise({ sigmaMin: 0.1, sigmaMax: 0.2 }),
  logPoisson: () => new p.LogPoissonNoise({}),
  saltPepper: () => new p.SaltPepperNoise({}),
  laplace: () => new p.LaplaceNoise({}),
  zero: () => new p.ZeroNoise(),
  rician: () => new p.RicianNoise({}),
  fisherTippett: () => new p.FisherTippettNoise({}),
};

/** For every kind of operator an example with a given noise; a kind without one does not compile. */
export const everyOperator: { readonly [K in p.OperatorKind]: (noiseModel: p.NoiseModel) => AnyPhysics } = {
  denoising: (noiseModel) => new p.Denoising({ noiseModel }),
  inpainting: (noiseModel) => new p.Inpainting({ imgSize: [1, 8, 8], mask: ones([1, 1, 8, 8]), noiseModel }),
  demosaicing: (noiseModel) => new p.Demosaicing({ imgSize: [6, 6], noiseModel }),
  blur: (noiseModel) => new p.Blur({ filter: p.gaussianBlur({ sigma: 0.5 }), padding: "circular", noiseModel }),
  blurFFT: (noiseModel) => new p.BlurFFT({ imgSize: [1, 8, 8], filter: p.gaussianBlur({ sigma: 0.5 }), noiseModel }),
  downsampling: (noiseModel) => new p.Downsampling({ filter: "bilinear", noiseModel }),
  compressedSensing: (noiseModel) =>
    new p.CompressedSensing({ m: 10, imgSize: [1, 4, 4], noiseModel, rng: new Rng(1) }),
  mri: (noiseModel) => new p.MRI({ mask: ones([8, 8]), noiseModel }),
  multiCoilMRI: (noiseModel) => new p.MultiCoilMRI({ mask: ones([8, 8]), coilMaps: 2, imgSize: [8, 8], noiseModel }),
  dynamicMRI: (noiseModel) => new p.DynamicMRI({ mask: ones([1, 1, 4, 6, 6]), noiseModel }),
  sequentialMRI: (noiseModel) => new p.SequentialMRI({ mask: ones([1, 1, 4, 6, 6]), noiseModel }),
  singlePixelCamera: (noiseModel) => new p.SinglePixelCamera({ m: 20, imgSize: [1, 8, 8], noiseModel }),
  tomography: (noiseModel) => new p.Tomography({ angles: 5, imgWidth: 8, noiseModel }),
  pansharpen: (noise) => new p.Pansharpen({ imgSize: [3, 8, 8], factor: 2, noiseColor: noise, noiseGray: noise }),
  decolorize: (noiseModel) => new p.Decolorize({ noiseModel }),
  composed: (noiseModel) =>
    new p.Inpainting({ imgSize: [1, 8, 8], mask: ones([1, 1, 8, 8]), noiseModel }).compose(new p.Denoising({})),
  stacked: (noiseModel) =>
    new p.StackedLinearPhysics({ list: [new p.Denoising({ noiseModel }), new p.Denoising({ noiseModel })] }),
  custom: (noiseModel) => new p.LinearPhysics({ A: (x) => x, AAdjoint: (y) => y, noiseModel }),
};
