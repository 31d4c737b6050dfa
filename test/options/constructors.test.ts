import { beforeAll, describe, expect, it } from "vitest";
import * as loss from "../../ts/loss/index.js";
import * as metric from "../../ts/metric/index.js";
import * as optim from "../../ts/optim/index.js";
import * as physics from "../../ts/physics/index.js";
import { AdjointError, ArgumentError, init } from "../../ts/runtime/index.js";
import { ones, tensor } from "../../ts/tensor/index.js";
import * as transform from "../../ts/transform/index.js";
import { Shift } from "../../ts/transform/index.js";

beforeAll(() => init({ device: "cpu" }));

type Options = Record<string, unknown>;

/** A class, options that it takes, and for some option names values that it must refuse. */
interface Row {
  readonly make: (options: unknown) => unknown;
  readonly valid: () => Options;
  /** Options without which there is nothing to make. */
  readonly required?: readonly string[];
  /** Values that mean nothing, besides those of the wrong type. */
  readonly bad?: Readonly<Record<string, readonly unknown[]>>;
  /** Names of options that are numbers, flags, or something else that no number is. */
  readonly numbers?: readonly string[];
  readonly flags?: readonly string[];
  readonly others?: readonly string[];
}

const of = (Class: new (options: never) => unknown) => (options: unknown) => new Class(options as never);
const parameters = () => [ones([2]).requiresGrad_()];
const optimizer = (Class: new (parameters: never, options: never) => unknown) => (options: unknown) =>
  new Class(parameters() as never, options as never);
const schedule = (Class: new (optimizer: never, options: never) => unknown) => (options: unknown) =>
  new Class(new optim.SGD(parameters()) as never, options as never);

const common = {
  flags: ["complexAbs", "trainLoss"],
  others: ["reduction", "normInputs", "centerCrop"],
  bad: { centerCrop: [0.5, [2, -1], []], reduction: ["median"], normInputs: ["l1"] },
};
const ranged = {
  ...common,
  numbers: ["maxPixel", "minPixel"],
  bad: { ...common.bad, maxPixel: [0, -1], minPixel: [1, 2] },
};
const plain = (Class: new (options: never) => unknown): Row => ({ ...common, make: of(Class), valid: () => ({}) });

const metrics: Record<string, Row> = {
  MSE: plain(metric.MSE),
  NMSE: { ...plain(metric.NMSE), others: [...common.others, "method"], bad: { ...common.bad, method: ["l1"] } },
  NRMSE: { ...plain(metric.NRMSE), others: [...common.others, "method"], bad: { ...common.bad, method: ["l1"] } },
  MAE: plain(metric.MAE),
  PSNR: { ...ranged, make: of(metric.PSNR), valid: () => ({}) },
  SNR: plain(metric.SNR),
  SSIM: {
    ...ranged,
    make: of(metric.SSIM),
    valid: () => ({}),
    numbers: [...ranged.numbers, "sigma", "k1", "k2"],
    flags: [...common.flags, "multiscale"],
    others: [...common.others, "betas"],
    bad: { ...ranged.bad, sigma: [0, -1], k1: [0, -1], k2: [0, -1], betas: [[], [-1], [NaN]] },
  },
  MSSSIM: {
    ...ranged,
    make: of(metric.MSSSIM),
    valid: () => ({}),
    numbers: [...ranged.numbers, "sigma", "k1", "k2"],
    others: [...common.others, "betas"],
    bad: { ...ranged.bad, sigma: [0, -1], k1: [0, -1], k2: [0, -1], betas: [[], [-1], [NaN]] },
  },
  HaarPSI: {
    ...plain(metric.HaarPSI),
    numbers: ["C", "alpha"],
    flags: [...common.flags, "preprocessWithSubsampling"],
    bad: { ...common.bad, C: [0, -1], alpha: [0, -1] },
  },
  GMSD: { ...plain(metric.GMSD), numbers: ["c"], bad: { ...common.bad, c: [0, -1] } },
  QNR: {
    ...plain(metric.QNR),
    numbers: ["alpha", "beta", "p", "q"],
    bad: { ...common.bad, alpha: [-1], beta: [-1], p: [0, -1], q: [0, -1] },
  },
  RecoveryCoefficient: {
    ...plain(metric.RecoveryCoefficient),
    numbers: ["eps"],
    others: [...common.others, "mask"],
    bad: { ...common.bad, eps: [-1] },
  },
  BlurStrength: { ...plain(metric.BlurStrength), numbers: ["hSize"], bad: { ...common.bad, hSize: [0, -1, 4, 2.5] } },
  SharpnessIndex: { ...plain(metric.SharpnessIndex), flags: [...common.flags, "periodicComponent", "dequantize"] },
  L1L2: { ...plain(metric.L1L2), numbers: ["alpha"], bad: { ...common.bad, alpha: [-0.1, 1.1] } },
  LpNorm: {
    ...plain(metric.LpNorm),
    numbers: ["p"],
    flags: [...common.flags, "onesided"],
    bad: { ...common.bad, p: [0, -1] },
  },
  CosineSimilarity: plain(metric.CosineSimilarity),
  SpectralAngleMapper: plain(metric.SpectralAngleMapper),
  ERGAS: {
    ...plain(metric.ERGAS),
    valid: () => ({ factor: 4 }),
    required: ["factor"],
    numbers: ["factor"],
    bad: { ...common.bad, factor: [0, -1] },
  },
};

const adam = {
  numbers: ["lr", "eps", "weightDecay"],
  flags: ["amsgrad"],
  others: ["betas"],
  bad: { lr: [-1], eps: [-1], weightDecay: [-1], betas: [[0.9], [0.9, 1], [-0.1, 0.9], [NaN, 0.9]] },
};
const optimizers: Record<string, Row> = {
  Adam: { ...adam, make: optimizer(optim.Adam), valid: () => ({}) },
  AdamW: { ...adam, make: optimizer(optim.AdamW), valid: () => ({}) },
  SGD: {
    make: optimizer(optim.SGD),
    valid: () => ({}),
    numbers: ["lr", "momentum", "dampening", "weightDecay"],
    flags: ["nesterov"],
    bad: { lr: [-1], momentum: [-1], weightDecay: [-1], nesterov: [true] },
  },
  LossScale: {
    make: of(optim.LossScale),
    valid: () => ({}),
    numbers: ["initial"],
    bad: { initial: [0.5, 2 ** 25] },
  },
  StepLR: {
    make: schedule(optim.StepLR),
    valid: () => ({ stepSize: 2 }),
    required: ["stepSize"],
    numbers: ["stepSize", "gamma"],
    bad: { stepSize: [0, 1.5], gamma: [-1] },
  },
  MultiStepLR: {
    make: schedule(optim.MultiStepLR),
    valid: () => ({ milestones: [1] }),
    required: ["milestones"],
    numbers: ["gamma"],
    others: ["milestones"],
    bad: { milestones: [[1.5], [-1]], gamma: [-1] },
  },
  ExponentialLR: {
    make: schedule(optim.ExponentialLR),
    valid: () => ({ gamma: 0.9 }),
    required: ["gamma"],
    numbers: ["gamma"],
    bad: { gamma: [-1] },
  },
  CosineAnnealingLR: {
    make: schedule(optim.CosineAnnealingLR),
    valid: () => ({ tMax: 5 }),
    required: ["tMax"],
    numbers: ["tMax", "etaMin"],
    bad: { tMax: [0, -1], etaMin: [-1] },
  },
  LinearWarmup: {
    make: schedule(optim.LinearWarmup),
    valid: () => ({ steps: 5 }),
    required: ["steps"],
    numbers: ["steps", "startFactor"],
    others: ["after"],
    bad: { steps: [0, 1.5], startFactor: [-1, 2] },
  },
};

const split = {
  numbers: ["splitRatio", "evalNSamples"],
  flags: ["evalSplitInput", "evalSplitOutput", "pixelwise", "normalizeLoss"],
  others: ["metric", "maskGenerator", "rng"],
  bad: { splitRatio: [0, 1, -1], evalNSamples: [0, 1.5] },
};
const norm = {
  numbers: ["maxIter", "tol", "reducedBatchsize"],
  flags: ["evalMode"],
  others: ["reduction", "rng"],
  bad: { maxIter: [0, 1.5], tol: [-1], reducedBatchsize: [0, 1.5], reduction: ["median"] },
};
const generator = {
  numbers: ["weightAdv"],
  others: ["metricGan"],
  bad: { weightAdv: [-1], flavour: ["gan", 1], fromLogits: [true] },
};
const discriminator = {
  ...generator,
  others: ["metricGan", "rng"],
  bad: { ...generator.bad, clip: [0.1], weightGp: [10] },
};
const generatorRow = (Class: new (options: never) => unknown): Row => ({
  ...generator,
  make: of(Class),
  valid: () => ({}),
});
const discriminatorRow = (Class: new (options: never) => unknown): Row => ({
  ...discriminator,
  make: of(Class),
  valid: () => ({}),
});
const lines = () => new physics.RandomMaskGenerator({ imgSize: [2, 8, 8], acceleration: 2 });
const weights = {
  valid: () => ({ maskGenerator: lines(), physicsGenerator: lines() }),
  required: ["maskGenerator", "physicsGenerator"],
  flags: ["normalizeLoss"],
  others: ["metric", "pdf", "pdfSplit", "rng"],
};
const frames = {
  valid: () => ({ imgSize: [2, 4, 8, 8] }),
  required: ["imgSize"],
  flags: ["dynamicModel", "exactMean"],
  others: ["metric", "rng"],
  bad: { imgSize: [[], [2, 4], [0, 4, 8, 8], "2"] },
};
const scheduled = {
  valid: () => ({ losses: [new loss.SupLoss()] }),
  required: ["losses"],
  others: ["rng"],
  bad: { losses: [[{}], [42], [null]] },
};

const equivariant = {
  required: ["transform"],
  numbers: ["weight"],
  flags: ["applyNoise", "noGrad"],
  others: ["transform", "metric", "rng"],
};
const pool = { valid: () => ({ physicsGenerator: lines() }), bad: { physics: [[], [{}]] } };

const losses: Record<string, Row> = {
  SupLoss: { make: of(loss.SupLoss), valid: () => ({}), others: ["metric"] },
  MCLoss: { make: of(loss.MCLoss), valid: () => ({}), others: ["metric"] },
  SureGaussianLoss: {
    make: of(loss.SureGaussianLoss),
    valid: () => ({ sigma: 0.1 }),
    required: ["sigma"],
    numbers: ["sigma", "tau", "stepSize", "momentum"],
    flags: ["unsure", "exactConstant"],
    others: ["B", "rng", "probes", "correlation"],
    bad: {
      correlation: [-1, 1.5, 9, "rows", [[0.5]], [[1, 0]], [[NaN]]],
      sigma: [-1, "physic"],
      probes: [0, 1.5, 1001, "Exact"],
      tau: [0, -1],
      stepSize: [-1],
      momentum: [-0.1, 1.1],
      B: ["pinv"],
    },
  },
  SurePoissonLoss: {
    make: of(loss.SurePoissonLoss),
    valid: () => ({ gain: 0.1 }),
    required: ["gain"],
    numbers: ["gain", "tau", "spacing"],
    others: ["rng"],
    bad: { gain: [-1, "physic"], tau: [0, -1], spacing: [0, 1, 2.5] },
  },
  SurePGLoss: {
    make: of(loss.SurePGLoss),
    valid: () => ({ gain: 0.1, sigma: 0.1 }),
    required: ["gain", "sigma"],
    numbers: ["gain", "sigma", "tau1", "tau2"],
    flags: ["unsure", "secondDerivative"],
    others: ["stepSize", "momentum", "rng"],
    bad: {
      gain: [-1, "physic"],
      sigma: [-1, "physic"],
      tau1: [0],
      tau2: [0],
      stepSize: [[1], [1, -1]],
      momentum: [
        [0.9, 2],
        [NaN, 0.9],
      ],
    },
  },
  R2RLoss: {
    make: of(loss.R2RLoss),
    valid: () => ({}),
    numbers: ["alpha", "evalNSamples"],
    others: ["metric", "rng"],
    bad: { alpha: [0, 1, -1], evalNSamples: [0, 1.5] },
  },
  DistributionalConsistencyLoss: {
    make: of(loss.DistributionalConsistencyLoss),
    valid: () => ({}),
    numbers: ["nPoints", "eps", "boundaryEps"],
    others: ["distribution", "sigma", "gain"],
    bad: {
      distribution: ["gamma", "Gaussian"],
      sigma: [-1, 0, "physic"],
      gain: [-1, 0, "physic"],
      nPoints: [0, 1.5],
      eps: [0, 0.5],
      boundaryEps: [0, 0.5],
    },
  },
  LearningToRecorruptLoss: {
    make: of(loss.LearningToRecorruptLoss),
    valid: () => ({}),
    numbers: ["alpha", "evalNSamples", "recorruptorLr"],
    others: ["metric", "recorruptor", "rng"],
    bad: { alpha: [0, -1], evalNSamples: [0, 1.5], recorruptorLr: [-1], recorruptor: [1, "monotonic"] },
  },
  RecorruptorNet: {
    make: of(loss.RecorruptorNet),
    valid: () => ({}),
    numbers: ["depth", "hiddenFeatures", "kernelSize", "sigma"],
    flags: ["multiplicative"],
    others: ["net", "rng", "dtype", "device"],
    bad: {
      depth: [0, 1.5],
      hiddenFeatures: [0, 1.5, 1025],
      kernelSize: [0, 2, 1.5, 65],
      sigma: [-1],
      net: ["linear"],
    },
  },
  Neighbor2Neighbor: {
    make: of(loss.Neighbor2Neighbor),
    valid: () => ({}),
    numbers: ["gamma"],
    others: ["metric", "rng"],
    bad: { gamma: [-1] },
  },
  Noise2NoiseLoss: { make: of(loss.Noise2NoiseLoss), valid: () => ({}), numbers: [], others: ["metric"], bad: {} },
  Noise2VoidLoss: {
    make: of(loss.Noise2VoidLoss),
    valid: () => ({}),
    numbers: ["rate", "window", "structSpan"],
    others: ["metric", "replacement", "structAxis", "rng"],
    bad: {
      rate: [0, -1, 0.3],
      window: [1, 4, 5.5, 17],
      replacement: ["mean"],
      structAxis: ["diagonal"],
      structSpan: [1, 4, 17],
    },
  },
  Noise2SelfLoss: {
    make: of(loss.Noise2SelfLoss),
    valid: () => ({}),
    numbers: ["width"],
    flags: ["evalJInvariant"],
    others: ["metric", "rng"],
    bad: { width: [1, 2.5, 17] },
  },
  ScoreLoss: {
    make: of(loss.ScoreLoss),
    valid: () => ({}),
    numbers: ["totalBatches"],
    others: ["delta", "rng"],
    bad: { totalBatches: [0, 1.5], delta: [[0.1], [0.1, 0.01], [0, 0.1], [NaN, 1]] },
  },
  TVLoss: { make: of(loss.TVLoss), valid: () => ({}), numbers: ["weight"], bad: { weight: [-1] } },
  SplittingLoss: { ...split, make: of(loss.SplittingLoss), valid: () => ({}) },
  EquivariantSplittingLoss: {
    make: of(loss.EquivariantSplittingLoss),
    valid: () => ({}),
    numbers: ["evalNSamples"],
    others: ["maskGenerator", "imgSize", "consistencyLoss", "predictionLoss", "transform", "evalTransform", "rng"],
    bad: {
      evalNSamples: [0],
      transform: [0, new loss.MCLoss()],
      evalTransform: [new Shift()],
      imgSize: [[0, 3, 3]],
      consistencyLoss: [new loss.SplittingLoss()],
      predictionLoss: [new loss.R2RLoss()],
    },
  },
  EILoss: { ...equivariant, make: of(loss.EILoss), valid: () => ({ transform: new Shift() }) },
  MOILoss: {
    ...equivariant,
    ...pool,
    make: of(loss.MOILoss),
    required: ["physicsGenerator"],
    others: ["metric", "rng", "physics", "physicsGenerator"],
    flags: ["applyNoise"],
  },
  MOEILoss: {
    ...equivariant,
    ...pool,
    make: of(loss.MOEILoss),
    valid: () => ({ transform: new Shift(), ...pool.valid() }),
    required: ["transform", "physicsGenerator"],
    others: [...equivariant.others, "physics", "physicsGenerator"],
  },
  AugmentConsistencyLoss: {
    make: of(loss.AugmentConsistencyLoss),
    valid: () => ({}),
    flags: ["noGrad"],
    others: ["Ti", "Te", "metric", "rng"],
    bad: { Ti: [new Shift({ nTrans: 2 })] },
  },
  ReducedResolutionLoss: { make: of(loss.ReducedResolutionLoss), valid: () => ({}), others: ["metric", "physics"] },
  StackedPhysicsLoss: {
    make: of(loss.StackedPhysicsLoss),
    valid: () => ({ losses: [new loss.MCLoss()] }),
    bad: { losses: [undefined, [], [{}], [new loss.R2RLoss()]] },
  },
  JacobianSpectralNorm: { ...norm, make: of(loss.JacobianSpectralNorm), valid: () => ({}) },
  FNEJacobianSpectralNorm: {
    ...norm,
    make: of(loss.FNEJacobianSpectralNorm),
    valid: () => ({}),
    flags: [...norm.flags, "interpolation"],
  },
  BaseLossScheduler: { ...scheduled, make: of(loss.BaseLossScheduler) },
  RandomLossScheduler: {
    ...scheduled,
    make: of(loss.RandomLossScheduler),
    others: ["rng", "weightings"],
    bad: { ...scheduled.bad, weightings: [[1, 2], [-1], [0], [NaN]] },
  },
  InterleavedLossScheduler: { ...scheduled, make: of(loss.InterleavedLossScheduler) },
  InterleavedEpochLossScheduler: { ...scheduled, make: of(loss.InterleavedEpochLossScheduler) },
  StepLossScheduler: {
    ...scheduled,
    make: of(loss.StepLossScheduler),
    numbers: ["epochThresh"],
    bad: { ...scheduled.bad, epochThresh: [-1, 1.5] },
  },
  DiscriminatorMetric: {
    make: of(loss.adversarial.DiscriminatorMetric),
    valid: () => ({}),
    numbers: ["realLabel", "fakeLabel"],
    flags: ["noGrad"],
    others: ["metric"],
    bad: { flavour: ["gan", 1, null], fromLogits: [true] },
  },
  SupAdversarialGeneratorLoss: generatorRow(loss.adversarial.SupAdversarialGeneratorLoss),
  UnsupAdversarialGeneratorLoss: {
    ...generatorRow(loss.adversarial.UnsupAdversarialGeneratorLoss),
    others: [...generator.others, "physicsGenerator"],
  },
  UAIRGeneratorLoss: {
    ...generatorRow(loss.adversarial.UAIRGeneratorLoss),
    numbers: ["weightAdv", "weightMc"],
    others: ["metricGan", "metric", "physicsGenerator"],
    bad: { ...generator.bad, weightMc: [-1] },
  },
  SupAdversarialDiscriminatorLoss: discriminatorRow(loss.adversarial.SupAdversarialDiscriminatorLoss),
  UnsupAdversarialDiscriminatorLoss: {
    ...discriminatorRow(loss.adversarial.UnsupAdversarialDiscriminatorLoss),
    others: [...discriminator.others, "physicsGenerator"],
  },
  UAIRDiscriminatorLoss: {
    ...discriminatorRow(loss.adversarial.UAIRDiscriminatorLoss),
    others: [...discriminator.others, "physicsGenerator"],
  },
  WeightedSplittingLoss: { ...weights, make: of(loss.mri.WeightedSplittingLoss) },
  RobustSplittingLoss: {
    ...weights,
    make: of(loss.mri.RobustSplittingLoss),
    numbers: ["alpha"],
    bad: { alpha: [0, -1] },
  },
  Phase2PhaseLoss: {
    ...frames,
    make: of(loss.mri.Phase2PhaseLoss),
    bad: { ...frames.bad, imgSize: [...frames.bad.imgSize, [2, 3, 8, 8]] },
  },
  Artifact2ArtifactLoss: {
    ...frames,
    make: of(loss.mri.Artifact2ArtifactLoss),
    others: ["metric", "rng", "splitSize"],
    bad: { ...frames.bad, splitSize: [0, 3, [], [0], "2"] },
  },
  ENSURELoss: {
    make: of(loss.mri.ENSURELoss),
    valid: () => ({ sigma: 0.1, maskAverage: tensor([0.5]) }),
    required: ["sigma", "maskAverage"],
    numbers: ["sigma", "tau"],
    others: ["rng"],
    bad: { sigma: [0, -1, "physic"], tau: [0, -1] },
  },
};

const random = {
  numbers: ["nTrans"],
  flags: ["constantShape", "flattenVideoInput"],
  others: ["rng"],
  bad: { nTrans: [0, 1.5] },
};
const moving = (Class: new (options: never) => unknown, ...limits: string[]): Row => ({
  ...random,
  make: of(Class),
  valid: () => ({}),
  numbers: [...random.numbers, ...limits],
  others: [...random.others, "padding", "interpolation"],
  bad: {
    ...random.bad,
    ...Object.fromEntries(limits.map((limit) => [limit, limit.endsWith("Min") ? [0, 1.5] : [-1]])),
    padding: ["reflect"],
    interpolation: ["linear"],
  },
});

const transforms: Record<string, Row> = {
  Identity: { make: of(transform.Identity), valid: () => ({}) },
  Shift: {
    ...random,
    make: of(transform.Shift),
    valid: () => ({}),
    numbers: ["nTrans", "shiftMax"],
    bad: { ...random.bad, shiftMax: [-1] },
  },
  Rotate: {
    ...random,
    make: of(transform.Rotate),
    valid: () => ({}),
    numbers: ["nTrans", "limits", "multiples"],
    flags: [...random.flags, "positive"],
    others: ["rng", "interpolationMode"],
    bad: { ...random.bad, limits: [0, -1], multiples: [0, -90] },
  },
  Reflect: {
    ...random,
    make: of(transform.Reflect),
    valid: () => ({}),
    bad: { ...random.bad, dim: [0, "?", {}, [-1, -1], [1.5]] },
  },
  Scale: {
    ...random,
    make: of(transform.Scale),
    valid: () => ({}),
    others: ["rng", "factors", "paddingMode", "mode"],
    bad: { ...random.bad, factors: [[]] },
  },
  Homography: moving(
    transform.Homography,
    "thetaMax",
    "thetaZMax",
    "zoomFactorMin",
    "shiftMax",
    "skewMax",
    "xStretchFactorMin",
    "yStretchFactorMin",
  ),
  Affine: moving(
    transform.Affine,
    "thetaZMax",
    "zoomFactorMin",
    "shiftMax",
    "skewMax",
    "xStretchFactorMin",
    "yStretchFactorMin",
  ),
  Similarity: moving(transform.Similarity, "thetaZMax", "zoomFactorMin", "shiftMax"),
  Euclidean: moving(transform.Euclidean, "thetaZMax", "shiftMax"),
  PanTiltRotate: moving(transform.PanTiltRotate, "thetaMax", "thetaZMax"),
  RandomNoise: {
    ...random,
    make: of(transform.RandomNoise),
    valid: () => ({}),
    others: ["rng", "noiseType", "sigma"],
    bad: { ...random.bad, sigma: [-1, [0.2, 0.1], [1]] },
  },
  RandomPhaseError: {
    make: of(transform.RandomPhaseError),
    valid: () => ({}),
    numbers: ["nTrans"],
    others: ["rng", "scale"],
    bad: { nTrans: [0, 1.5], scale: [-1, [0.2, 0.1], [1]] },
  },
};

/** Not made by users, or not to be made at all. */
const left = new Set([
  "Loss",
  "Transform",
  "LearningToRecorruptModel",
  "Recorruptor",
  "Noise2VoidModel",
  "Noise2SelfModel",
  "R2RModel",
  "ScoreModel",
  "SplittingModel",
  "EquivariantSplittingModel",
  "FrameSplittingModel",
  "ReducedResolutionModel",
  "GeneratorLoss",
  "DiscriminatorLoss",
  "Metric",
  "Optimizer",
  "Schedule",
]);
const classes = (folder: object): string[] =>
  Object.entries(folder)
    .filter(([name, value]) => typeof value === "function" && /^[A-Z]/.test(name) && !left.has(name))
    .map(([name]) => name);

const thrown = (fn: () => unknown): AdjointError => {
  try {
    fn();
  } catch (error) {
    if (error instanceof AdjointError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
};

it("every class that is exported has a row", () => {
  expect(Object.keys(losses).sort()).toEqual(
    [...classes(loss), ...classes(loss.adversarial), ...classes(loss.mri)].sort(),
  );
  expect(Object.keys(transforms).sort()).toEqual(classes(transform).sort());
  expect(Object.keys(metrics).sort()).toEqual(classes(metric).sort());
  expect(Object.keys(optimizers).sort()).toEqual(classes(optim).sort());
});

describe.each(Object.entries({ ...losses, ...transforms, ...metrics, ...optimizers }))(
  "%s",
  (name, { make, valid, required = [], bad = {}, numbers = [], flags = [], others = [] }) => {
    const refuses = (options: unknown, code: string, word: string): void => {
      const error = thrown(() => make(options));
      expect([error.constructor, error.code], `${word}: ${error.message}`).toEqual([ArgumentError, code]);
      expect(error.message).toContain(word);
    };

    it("takes what is valid", () => void make(valid()));

    it("refuses an option that it does not know and names the nearest", () => {
      refuses({ ...valid(), notAnOption: 1 }, "unknown_option", "notAnOption");
      for (const known of [...numbers, ...flags, ...others]) {
        const typo = `${known}s`;
        refuses({ ...valid(), [typo]: 1 }, "unknown_option", `did you mean "${known}"`);
      }
      for (const options of [42, "options", null, [1]]) refuses(options, "invalid_argument", name);
    });

    it("says what is missing", () => {
      for (const key of required)
        refuses(
          Object.fromEntries(Object.entries(valid()).filter(([other]) => other !== key)),
          "missing_argument",
          key === "maskAverage" ? "physicsGenerator" : key,
        );
      if (required.length > 0) expect(thrown(() => make(undefined)).code).toBe("missing_argument");
    });

    it("refuses values of the wrong type or out of range, and names the option", () => {
      for (const key of numbers)
        for (const value of [NaN, Infinity, "1", {}, [1]])
          refuses({ ...valid(), [key]: value }, "invalid_argument", key);
      for (const key of flags)
        for (const value of ["yes", 1, {}]) refuses({ ...valid(), [key]: value }, "invalid_argument", key);
      for (const key of others)
        for (const value of ["?", {}]) refuses({ ...valid(), [key]: value }, "invalid_argument", key);
      for (const [key, values] of Object.entries(bad))
        for (const value of values)
          expect([ArgumentError, "invalid_argument"], `${key}: ${String(value)}`).toEqual(
            described(() => make({ ...valid(), [key]: value }), key),
          );
    });
  },
);

/** Class and code of what is thrown, once it was seen that the message names the option. */
function described(fn: () => unknown, key: string): [unknown, string] {
  const error = thrown(fn);
  expect(error.message.toLowerCase()).toContain(key.toLowerCase().replace(/(?:es|s)$/, ""));
  return [error.constructor, error.code];
}
