import { beforeAll, describe, expect, it } from "vitest";
import {
  AugmentConsistencyLoss,
  EILoss,
  FNEJacobianSpectralNorm,
  JacobianSpectralNorm,
  DistributionalConsistencyLoss,
  LearningToRecorruptLoss,
  MOEILoss,
  MOILoss,
  Neighbor2Neighbor,
  Noise2SelfLoss,
  Noise2VoidLoss,
  R2RLoss,
  ScoreLoss,
  SplittingLoss,
  SureGaussianLoss,
  SurePGLoss,
  SurePoissonLoss,
  TVLoss,
  adversarial,
  mri,
  type Loss,
} from "../../ts/loss/index.js";
import { Module } from "../../ts/nn/index.js";
import * as p from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { tensor, type Tensor } from "../../ts/tensor/index.js";
import { Rotate, Shift, type Transform } from "../../ts/transform/index.js";
import { call } from "./every.js";

beforeAll(() => init({ device: "cpu" }));

const like = { dtype: "float64" } as const;

/** A smooth nonlinear network after the adjoint, so that every step, noise level and transform shows in the value. */
class Bent extends Module {
  forward(y: Tensor, physics?: unknown): Tensor {
    const linear = physics as p.LinearPhysics | undefined;
    const x = typeof linear?.AAdjoint === "function" ? linear.AAdjoint(y) : y;
    return x.add(x.roll([1], [x.shape.length - 1]).mul(0.3)).tanh();
  }
}

/** A score for each image that bends, for the gradient penalty. */
class Critic extends Module {
  weight = tensor([0.7], like).requiresGrad_();
  forward(x: Tensor): Tensor {
    return x
      .square()
      .mul(this.weight)
      .reshape([x.shape[0] as number, -1])
      .mean(1, true);
  }
}

interface Setting {
  readonly physics?: () => p.Physics<p.NoiseModel, p.OperatorKind>;
  readonly shape?: number[];
  readonly evaluation?: boolean;
}

/** The values of three calls of a loss, all draws from one seed. */
function values(
  loss: Loss,
  { physics: make = gaussian, shape = [2, 1, 8, 8], evaluation = false }: Setting = {},
): number[] {
  const [physics, rng] = [make(), new Rng(1)];
  const x = new Rng(2).uniform(shape, like).add(0.1);
  const y = physics.forward(x, { rng });
  const model = loss.adaptModel(new Bent());
  if (evaluation) {
    model.eval();
    return Array.from(model.forward(y, physics as p.Physics, { rng }).dataSync());
  }
  return [0, 1, 2].flatMap(() => {
    const xNet = model.forward(y, physics as p.Physics, { updateParameters: true, rng });
    return Array.from(call(loss, { xNet, x, y, physics, model, rng, epoch: 0, D: new Critic() }).dataSync());
  });
}

const gaussian = () => new p.Denoising({ noiseModel: new p.GaussianNoise({ sigma: 0.2 }) });
const poisson = () => new p.Denoising({ noiseModel: new p.PoissonNoise({ gain: 0.1 }) });
const both = () => new p.Denoising({ noiseModel: new p.PoissonGaussianNoise({ gain: 0.1, sigma: 0.2 }) });
const masked = () =>
  new p.Inpainting({
    imgSize: [1, 8, 8],
    mask: new Rng(7).bernoulli([1, 1, 8, 8], 0.5),
    noiseModel: new p.GaussianNoise({ sigma: 0.2 }),
  });
const video = () =>
  new p.DynamicMRI({ mask: new Rng(5).bernoulli([1, 1, 4, 6, 6], 0.8), noiseModel: new p.GaussianNoise() });
const imgSize = [2, 6, 12];
const columns = (acceleration: number) =>
  new p.PolyOrderMaskGenerator({ imgSize, acceleration, centerFraction: 0.2, polyOrder: 2 });
const slice = () =>
  new p.MRI({
    mask: columns(2).step(2, { rng: new Rng(4) }).mask as Tensor,
    noiseModel: new p.GaussianNoise({ sigma: 0.2 }),
  });
const robust = (options: object) =>
  new mri.RobustSplittingLoss({
    physicsGenerator: columns(2),
    maskGenerator: new p.MultiplicativeSplittingMaskGenerator({ imgSize, splitGenerator: columns(1.5) }),
    ...options,
  });
const consistent = (options: object) => new DistributionalConsistencyLoss(options);
const recorrupting = (options: object) => new LearningToRecorruptLoss(options);
const operators = () => [masked(), gaussian()];

/** Each pixel goes half along with those to the left and right. */
const BESIDE = [
  [0, 0, 0],
  [0.5, 1, 0.5],
  [0, 0, 0],
];

/** Loss, what else it is given, an option, its default and another value. */
const cases: [string, (options: object) => Loss, Setting, string, unknown, unknown][] = [
  ["TVLoss", (o) => new TVLoss(o), {}, "weight", 1, 2],
  ["SureGaussianLoss", (o) => new SureGaussianLoss({ sigma: 0.2, ...o }), {}, "tau", 0.01, 0.1],
  ["SureGaussianLoss", (o) => new SureGaussianLoss({ sigma: 0.2, ...o }), {}, "correlation", 0, BESIDE],
  ["SurePoissonLoss", (o) => new SurePoissonLoss({ gain: 0.1, ...o }), { physics: poisson }, "tau", 0.001, 0.01],
  ["SurePGLoss", (o) => new SurePGLoss({ sigma: 0.2, gain: 0.1, ...o }), { physics: both }, "tau1", 0.001, 0.1],
  [
    "SurePGLoss with its second derivative",
    (o) => new SurePGLoss({ sigma: 0.2, gain: 0.1, secondDerivative: true, ...o }),
    { physics: both },
    "tau2",
    0.01,
    0.2,
  ],
  ...[
    ["stepSize", 1e-4, 1e-3],
    ["momentum", 0.9, 0],
  ].map(
    ([key, value, other]) =>
      [
        "SureGaussianLoss that learns its level",
        (o: object) =>
          new SureGaussianLoss({ sigma: 0.2, unsure: true, ...(key === "momentum" && { stepSize: 1 }), ...o }),
        {},
        key,
        value,
        other,
      ] as [string, (options: object) => Loss, Setting, string, unknown, unknown],
  ),
  ["R2RLoss", (o) => new R2RLoss(o), {}, "alpha", 0.15, 0.2],
  ["R2RLoss in evaluation", (o) => new R2RLoss(o), { evaluation: true }, "evalNSamples", 5, 4],
  ["DistributionalConsistencyLoss", consistent, {}, "distribution", null, "clippedGaussian"],
  ["DistributionalConsistencyLoss", consistent, {}, "sigma", "physics", 0.3],
  ["DistributionalConsistencyLoss, Poisson", consistent, { physics: poisson }, "gain", "physics", 0.2],
  ["DistributionalConsistencyLoss", consistent, {}, "nPoints", null, 20],
  ["DistributionalConsistencyLoss", consistent, {}, "eps", 1e-4, 0.1],
  [
    "DistributionalConsistencyLoss, clipped",
    (o) => consistent({ distribution: "clippedGaussian", ...o }),
    {},
    "boundaryEps",
    1e-3,
    0.1,
  ],
  ["LearningToRecorruptLoss", recorrupting, {}, "alpha", 0.5, 0.4],
  ["LearningToRecorruptLoss", recorrupting, {}, "recorruptorLr", 1e-3, 1e-2],
  ["LearningToRecorruptLoss in evaluation", recorrupting, { evaluation: true }, "evalNSamples", 5, 4],
  ["Neighbor2Neighbor", (o) => new Neighbor2Neighbor(o), {}, "gamma", 2, 1],
  ["Noise2VoidLoss", (o) => new Noise2VoidLoss(o), { shape: [2, 1, 44, 44] }, "rate", 0.002, 0.01],
  ["Noise2VoidLoss", (o) => new Noise2VoidLoss(o), {}, "window", 11, 3],
  ["Noise2VoidLoss", (o) => new Noise2VoidLoss(o), {}, "replacement", "uniform", "median"],
  ["Noise2VoidLoss", (o) => new Noise2VoidLoss(o), {}, "structAxis", "none", "horizontal"],
  [
    "Noise2VoidLoss with hidden rows",
    (o) => new Noise2VoidLoss({ structAxis: "horizontal", ...o }),
    {},
    "structSpan",
    5,
    3,
  ],
  ["Noise2SelfLoss", (o) => new Noise2SelfLoss(o), {}, "width", 4, 3],
  ["Noise2SelfLoss in evaluation", (o) => new Noise2SelfLoss(o), { evaluation: true }, "evalJInvariant", true, false],
  ["ScoreLoss", (o) => new ScoreLoss(o), {}, "delta", [0.001, 0.1], [0.001, 0.2]],
  ["ScoreLoss", (o) => new ScoreLoss(o), {}, "totalBatches", 1000, 100],
  ["SplittingLoss", (o) => new SplittingLoss(o), {}, "splitRatio", 0.9, 0.8],
  ["SplittingLoss", (o) => new SplittingLoss(o), {}, "normalizeLoss", true, false],
  ["SplittingLoss of two channels", (o) => new SplittingLoss(o), { shape: [2, 2, 8, 8] }, "pixelwise", true, false],
  ["SplittingLoss in evaluation", (o) => new SplittingLoss(o), { evaluation: true }, "evalNSamples", 5, 4],
  ["SplittingLoss in evaluation", (o) => new SplittingLoss(o), { evaluation: true }, "evalSplitInput", true, false],
  ["SplittingLoss in evaluation", (o) => new SplittingLoss(o), { evaluation: true }, "evalSplitOutput", false, true],
  ["EILoss", (o) => new EILoss({ transform: new Shift(), ...o }), { physics: masked }, "applyNoise", true, false],
  ["EILoss", (o) => new EILoss({ transform: new Shift(), ...o }), { physics: masked }, "weight", 1, 2],
  ["MOILoss", (o) => new MOILoss({ physics: operators(), ...o }), { physics: masked }, "applyNoise", true, false],
  ["MOILoss", (o) => new MOILoss({ physics: operators(), ...o }), { physics: masked }, "weight", 1, 2],
  [
    "MOEILoss",
    (o) => new MOEILoss({ transform: new Rotate({ multiples: 90 }), physics: operators(), ...o }),
    { physics: masked },
    "applyNoise",
    true,
    false,
  ],
  ["JacobianSpectralNorm", (o) => new JacobianSpectralNorm({ tol: 0, ...o }), {}, "maxIter", 10, 3],
  ["JacobianSpectralNorm", (o) => new JacobianSpectralNorm(o), {}, "tol", 1e-3, 1],
  ["JacobianSpectralNorm", (o) => new JacobianSpectralNorm(o), {}, "reduction", "max", "mean"],
  ["FNEJacobianSpectralNorm", (o) => new FNEJacobianSpectralNorm(o), {}, "interpolation", false, true],
  [
    "Phase2PhaseLoss",
    (o) => new mri.Phase2PhaseLoss({ imgSize: [2, 4, 6, 6], ...o }),
    { physics: video, shape: [2, 2, 4, 6, 6] },
    "exactMean",
    false,
    true,
  ],
  [
    "Artifact2ArtifactLoss",
    (o) => new mri.Artifact2ArtifactLoss({ imgSize: [2, 4, 6, 6], ...o }),
    { physics: video, shape: [2, 2, 4, 6, 6] },
    "exactMean",
    false,
    true,
  ],
  ["RobustSplittingLoss", robust, { physics: slice, shape: [2, ...imgSize] }, "alpha", 0.75, 0.5],
  [
    "ENSURELoss",
    (o) => new mri.ENSURELoss({ sigma: 0.2, maskAverage: tensor(0.5).expand([1, 1, 8, 8]), ...o }),
    { physics: masked },
    "tau",
    0.1 * 0.2,
    0.2,
  ],
  ["SupAdversarialGeneratorLoss", (o) => new adversarial.SupAdversarialGeneratorLoss(o), {}, "weightAdv", 0.01, 1],
  ["SupAdversarialDiscriminatorLoss", (o) => new adversarial.SupAdversarialDiscriminatorLoss(o), {}, "weightAdv", 1, 2],
  ["UnsupAdversarialGeneratorLoss", (o) => new adversarial.UnsupAdversarialGeneratorLoss(o), {}, "weightAdv", 1, 2],
  [
    "UnsupAdversarialDiscriminatorLoss",
    (o) => new adversarial.UnsupAdversarialDiscriminatorLoss(o),
    {},
    "weightAdv",
    1,
    2,
  ],
  ["UAIRGeneratorLoss", (o) => new adversarial.UAIRGeneratorLoss(o), {}, "weightAdv", 0.5, 1],
  ["UAIRGeneratorLoss", (o) => new adversarial.UAIRGeneratorLoss(o), {}, "weightMc", 1, 2],
  [
    "SupAdversarialDiscriminatorLoss of wgan-gp",
    (o) => new adversarial.SupAdversarialDiscriminatorLoss({ flavour: "wgan-gp", ...o }),
    {},
    "weightGp",
    10,
    1,
  ],
  [
    "SupAdversarialGeneratorLoss",
    (o) => new adversarial.SupAdversarialGeneratorLoss(o),
    {},
    "flavour",
    "lsgan",
    "standard",
  ],
];

describe("default values of options that change a loss", () => {
  it.each(cases)("%s", (_, make, setting, key, value, other) => {
    const fallback = values(make({}), setting);
    expect(fallback, `${key}: the default`).toEqual(values(make({ [key]: value }), setting));
    expect(fallback, `${key}: another value`).not.toEqual(values(make({ [key]: other }), setting));
  });

  it("AugmentConsistencyLoss shifts by up to a tenth, or rotates by less than 15 degrees", () => {
    const shape = [1, 2, 40, 40];
    const draws = (te: Transform) =>
      Array.from({ length: 50 }, (_, seed) => te.getParams({ shape }, { rng: new Rng(seed) }));
    const either = (shiftMax: number, limits: number) => new Shift({ shiftMax }).or(new Rotate({ limits }));
    const fallback = draws(new AugmentConsistencyLoss().Te);
    expect(fallback).toEqual(draws(either(0.1, 15)));
    expect(fallback).not.toEqual(draws(either(0.2, 15)));
    expect(fallback).not.toEqual(draws(either(0.1, 30)));
  });

  it("wgan clips to 0.01", () => {
    const D = new Critic();
    new adversarial.SupAdversarialDiscriminatorLoss({ flavour: "wgan" }).afterStep(D);
    expect(Array.from(D.weight.dataSync())).toEqual([0.01]);
  });
});

describe("weights of discriminator losses", () => {
  it.each([0, 3])("weightAdv %d multiplies the value", (weightAdv) => {
    for (const flavour of ["lsgan", "wgan-gp"] as const) {
      const make = (options: object) => new adversarial.SupAdversarialDiscriminatorLoss({ flavour, ...options });
      const [plain, weighted] = [values(make({})), values(make({ weightAdv }))];
      weighted.forEach((value, i) => expect(value).toBeCloseTo(weightAdv * (plain[i] as number), 10));
    }
  });
});
