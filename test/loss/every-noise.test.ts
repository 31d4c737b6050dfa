import { beforeAll, describe, expect, it } from "vitest";
import * as losses from "../../ts/loss/index.js";
import { lossAssumptions, type Loss, type LossName } from "../../ts/loss/index.js";
import { Conv2d, Module, TimeAgnosticNet, type Reconstructor } from "../../ts/nn/index.js";
import { Adam } from "../../ts/optim/index.js";
import * as p from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { grad, noGrad, ones, tensor, tidy, type Tensor } from "../../ts/tensor/index.js";
import { Rotate, Shift } from "../../ts/transform/index.js";
import { everyNoise, type AnyPhysics } from "./every.js";

beforeAll(() => init({ device: "cpu" }));

/** An untrained network after the adjoint; about half of what it returns is negative. */
class Untrained extends Module {
  readonly first: Conv2d;
  readonly second: Conv2d;

  constructor(channels: number) {
    super();
    const rng = new Rng(1);
    this.first = new Conv2d({ inChannels: channels, outChannels: 8, kernelSize: 3, padding: 1, rng });
    this.second = new Conv2d({ inChannels: 8, outChannels: channels, kernelSize: 3, padding: 1, rng });
  }

  forward(y: Tensor | p.TensorList, physics?: unknown): Tensor {
    const linear = physics as p.LinearPhysics | undefined;
    const back = linear?.AAdjoint as unknown as ((v: unknown) => Tensor) | undefined;
    const image = back ? back.call(linear, y) : (y as Tensor);
    return this.second.forward(this.first.forward(image).relu()).sub(0.05);
  }
}

/** How a loss is trained: itself, a physics for a noise model, and what it needs besides. */
interface Setting {
  readonly loss: Loss;
  readonly physics: (noiseModel: p.NoiseModel) => AnyPhysics;
  /** Size of the images; default [2, 1, 8, 8]. */
  readonly size?: readonly number[];
  readonly more?: Record<string, unknown>;
  readonly dynamic?: boolean;
}

class MeanScore extends Module {
  readonly net = new Conv2d({ inChannels: 1, outChannels: 1, kernelSize: 3, rng: new Rng(2) });

  forward(images: Tensor): Tensor {
    return this.net
      .forward(images)
      .reshape([images.shape[0] ?? 1, -1])
      .mean(1, true);
  }
}

const denoising = (noiseModel: p.NoiseModel): AnyPhysics => new p.Denoising({ noiseModel });
const masked =
  (seed: number, imgSize = [1, 8, 8]) =>
  (noiseModel: p.NoiseModel): p.Inpainting<p.NoiseModel> =>
    new p.Inpainting({ imgSize, mask: new Rng(seed).bernoulli([1, ...imgSize], 0.6), noiseModel });
const lines = (imgSize: readonly number[]) =>
  new p.PolyOrderMaskGenerator({ imgSize, acceleration: 2, centerFraction: 0.2, polyOrder: 2 });
const columns = [2, 6, 12];
const columnMasks = (noiseModel: p.NoiseModel): AnyPhysics =>
  new p.Inpainting({ imgSize: columns, mask: lines(columns).step(2, { rng: new Rng(4) }).mask as Tensor, noiseModel });
const weighted = () => ({
  physicsGenerator: lines(columns),
  maskGenerator: new p.MultiplicativeSplittingMaskGenerator({
    imgSize: columns,
    splitGenerator: new p.PolyOrderMaskGenerator({
      imgSize: columns,
      acceleration: 1.5,
      centerFraction: 0.2,
      polyOrder: 1,
    }),
  }),
});
const video = (noiseModel: p.NoiseModel): AnyPhysics =>
  new p.DynamicMRI({ mask: new Rng(5).bernoulli([1, 1, 4, 6, 6], 0.8), noiseModel });
const videos = { physics: video, size: [2, 2, 4, 6, 6], dynamic: true };
const judged = (loss: Loss): Setting => ({ loss, physics: denoising, more: { D: new MeanScore() } });
const generator = () => new p.BernoulliSplittingMaskGenerator({ imgSize: [1, 8, 8], splitRatio: 0.5 });

/** For every loss a setting; a loss without one does not compile. */
const settings: { readonly [L in LossName]: (noiseModel: p.NoiseModel) => Setting } = {
  SupLoss: () => ({ loss: new losses.SupLoss(), physics: masked(1) }),
  MCLoss: () => ({ loss: new losses.MCLoss(), physics: masked(1) }),
  SureGaussianLoss: () => ({ loss: new losses.SureGaussianLoss({ sigma: 0.1 }), physics: masked(1) }),
  SurePoissonLoss: () => ({ loss: new losses.SurePoissonLoss({ gain: 0.1 }), physics: masked(1) }),
  SurePGLoss: () => ({ loss: new losses.SurePGLoss({ gain: 0.1, sigma: 0.1 }), physics: masked(1) }),
  R2RLoss: () => ({ loss: new losses.R2RLoss(), physics: masked(1) }),
  DistributionalConsistencyLoss: () => ({ loss: new losses.DistributionalConsistencyLoss(), physics: masked(1) }),
  LearningToRecorruptLoss: () => ({ loss: new losses.LearningToRecorruptLoss(), physics: denoising }),
  Neighbor2Neighbor: () => ({ loss: new losses.Neighbor2Neighbor(), physics: denoising }),
  Noise2NoiseLoss: () => ({ loss: new losses.Noise2NoiseLoss(), physics: denoising }),
  Noise2VoidLoss: () => ({ loss: new losses.Noise2VoidLoss({ rate: 0.1 }), physics: denoising }),
  Noise2SelfLoss: () => ({ loss: new losses.Noise2SelfLoss(), physics: denoising }),
  ScoreLoss: () => ({ loss: new losses.ScoreLoss(), physics: denoising }),
  TVLoss: () => ({ loss: new losses.TVLoss(), physics: masked(1) }),
  SplittingLoss: () => ({ loss: new losses.SplittingLoss({ splitRatio: 0.6 }), physics: masked(1) }),
  EquivariantSplittingLoss: () => ({ loss: new losses.EquivariantSplittingLoss(), physics: masked(1) }),
  EILoss: () => ({ loss: new losses.EILoss({ transform: new Shift() }), physics: masked(1) }),
  MOILoss: (noise) => ({
    loss: new losses.MOILoss({ physics: [masked(1)(noise), masked(2)(noise)] }),
    physics: masked(1),
  }),
  MOEILoss: () => ({
    loss: new losses.MOEILoss({ transform: new Rotate({ multiples: 90 }), physicsGenerator: generator() }),
    physics: masked(1),
  }),
  AugmentConsistencyLoss: () => ({
    loss: new losses.AugmentConsistencyLoss(),
    physics: masked(1, [2, 8, 8]),
    size: [2, 2, 8, 8],
  }),
  ReducedResolutionLoss: () => ({
    loss: new losses.ReducedResolutionLoss(),
    physics: (noiseModel) => new p.Downsampling({ filter: "bilinear", factor: 2, noiseModel }),
    size: [2, 1, 16, 16],
  }),
  StackedPhysicsLoss: () => ({
    loss: new losses.StackedPhysicsLoss({ losses: [new losses.MCLoss(), new losses.MCLoss()] }),
    physics: (noise) => new p.StackedLinearPhysics({ list: [masked(1)(noise), masked(2)(noise)] }),
  }),
  JacobianSpectralNorm: () => ({ loss: new losses.JacobianSpectralNorm(), physics: denoising }),
  FNEJacobianSpectralNorm: () => ({ loss: new losses.FNEJacobianSpectralNorm(), physics: denoising }),
  SupAdversarialGeneratorLoss: () => judged(new losses.adversarial.SupAdversarialGeneratorLoss()),
  SupAdversarialDiscriminatorLoss: () => judged(new losses.adversarial.SupAdversarialDiscriminatorLoss()),
  UnsupAdversarialGeneratorLoss: () => judged(new losses.adversarial.UnsupAdversarialGeneratorLoss()),
  UnsupAdversarialDiscriminatorLoss: () => judged(new losses.adversarial.UnsupAdversarialDiscriminatorLoss()),
  UAIRGeneratorLoss: () => judged(new losses.adversarial.UAIRGeneratorLoss()),
  UAIRDiscriminatorLoss: () => judged(new losses.adversarial.UAIRDiscriminatorLoss()),
  WeightedSplittingLoss: () => ({
    loss: new losses.mri.WeightedSplittingLoss(weighted()),
    physics: columnMasks,
    size: [2, ...columns],
  }),
  RobustSplittingLoss: () => ({
    loss: new losses.mri.RobustSplittingLoss(weighted()),
    physics: columnMasks,
    size: [2, ...columns],
  }),
  Phase2PhaseLoss: () => ({ loss: new losses.mri.Phase2PhaseLoss({ imgSize: [2, 4, 6, 6] }), ...videos }),
  Artifact2ArtifactLoss: () => ({ loss: new losses.mri.Artifact2ArtifactLoss({ imgSize: [2, 4, 6, 6] }), ...videos }),
  ENSURELoss: () => ({
    loss: new losses.mri.ENSURELoss({ sigma: 0.1, maskAverage: tensor(0.6).expand([1, 1, 8, 8]) }),
    physics: masked(1),
  }),
};

const pairs = (Object.keys(settings) as LossName[]).flatMap((name) => {
  const { noise } = lossAssumptions[name];
  return (noise === "any" ? p.noiseKinds : noise).map((kind) => [name, kind] as const);
});

/** The losses of three steps of a training from an untrained network. */
function train({ loss, physics: make, size = [2, 1, 8, 8], more = {}, dynamic }: Setting, noise: p.NoiseModel) {
  const physics = make(noise);
  const rng = new Rng(6);
  const x = rng.uniform([...size]).add(0.05);
  // Noise of nonnegative values on k-space exists in tables only: there, too, the negative values count as 0.
  const y = physics.forward(x, { rng, clipPositive: dynamic === true }) as Tensor;
  const network = new Untrained(size[1] as number);
  const model: Reconstructor = dynamic ? new TimeAgnosticNet({ backboneNet: network }) : network;
  const adapted = loss.adaptModel(model);
  const discriminator = more.D instanceof Module ? more.D.parameters() : [];
  const parameters = [...network.parameters(), ...discriminator];
  const optimizer = new Adam(parameters, { lr: 1e-2 });
  const values: number[] = [];
  expect(noGrad(() => model.forward(x).min().itemSync())).toBeLessThan(0);
  for (let step = 0; step < 3; step++) {
    tidy(() => {
      const xNet = adapted.forward(y, physics as p.Physics, { updateParameters: true, rng });
      const args = { xNet, x, y, physics, model: adapted, rng, epoch: 0, ...more };
      const value = loss.forward(args as unknown as Parameters<Loss["forward"]>[0]).mean();
      values.push(value.itemSync());
      optimizer.step(grad(value, parameters, { allowUnused: true }) as Tensor[]);
    });
  }
  for (const parameter of parameters) values.push(parameter.sum().itemSync());
  return values;
}

describe("trains from an untrained network, as the table of losses says", () => {
  it.each(pairs)("%s with %s noise", (name, kind) => {
    const noise = everyNoise[kind]();
    for (const value of train(settings[name](noise), noise)) expect(Number.isFinite(value)).toBe(true);
  });

  it("ReducedResolutionLoss with measurements that Gaussian noise made negative", () => {
    const noiseModel = new p.PoissonGaussianNoise({ gain: 0.1, sigma: 0.1 });
    const physics = new p.Downsampling({ filter: "bilinear", factor: 2, noiseModel });
    const y = ones([2, 1, 8, 8]).mul(-0.1);
    const loss = new losses.ReducedResolutionLoss();
    const model = loss.adaptModel(new Untrained(1));
    const xNet = model.forward(y, physics, { updateParameters: true, rng: new Rng(2) });
    for (const value of loss.forward({ xNet, y, physics, model }).dataSync()) expect(value).toBeGreaterThan(0);
  });

  it("EILoss with Poisson noise of the projection onto what can be measured", () => {
    // A reconstruction of -1 everywhere is measured again as 0: R gets 0, not the error of a negative rate.
    const seen: number[] = [];
    class Recorded extends Module {
      forward(y: Tensor): Tensor {
        seen.push(y.abs().max().itemSync());
        return y.sub(1);
      }
    }
    const physics = new p.Denoising({ noiseModel: new p.PoissonNoise({ gain: 0.1 }) });
    const model = new Recorded();
    const xNet = ones([1, 1, 4, 4]).neg();
    const value = new losses.EILoss({ transform: new Shift() }).forward({ xNet, physics, model, rng: new Rng(1) });
    expect(seen).toEqual([0]);
    expect(value.dataSync()[0]).toBe(0);
  });
});
