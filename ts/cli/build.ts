import * as loss from "../loss/index.js";
import * as metric from "../metric/index.js";
import * as nn from "../nn/index.js";
import * as optim from "../optim/index.js";
import type { RandomSource } from "../random/index.js";
import type { AnyPhysics, WeightedLoss } from "../train/index.js";
import { makePhysics } from "./build-physics.js";
import { checkNamed, type Config, type Named } from "./config.js";
import { construct, omit } from "./construct.js";
import { lossOptions } from "./loss-options.js";

// What a configuration may name. Options are checked by each class's own constructor.
const losses = {
  SupLoss: loss.SupLoss,
  MCLoss: loss.MCLoss,
  SureGaussianLoss: loss.SureGaussianLoss,
  SurePoissonLoss: loss.SurePoissonLoss,
  SurePGLoss: loss.SurePGLoss,
  R2RLoss: loss.R2RLoss,
  Neighbor2Neighbor: loss.Neighbor2Neighbor,
  SplittingLoss: loss.SplittingLoss,
  EquivariantSplittingLoss: loss.EquivariantSplittingLoss,
  EILoss: loss.EILoss,
  MOILoss: loss.MOILoss,
  MOEILoss: loss.MOEILoss,
  AugmentConsistencyLoss: loss.AugmentConsistencyLoss,
  ReducedResolutionLoss: loss.ReducedResolutionLoss,
  TVLoss: loss.TVLoss,
  Phase2PhaseLoss: loss.mri.Phase2PhaseLoss,
  Artifact2ArtifactLoss: loss.mri.Artifact2ArtifactLoss,
  JacobianSpectralNorm: loss.JacobianSpectralNorm,
  FNEJacobianSpectralNorm: loss.FNEJacobianSpectralNorm,
};
/** Losses that take other losses under `losses`. */
const nesting = {
  BaseLossScheduler: loss.BaseLossScheduler,
  RandomLossScheduler: loss.RandomLossScheduler,
  InterleavedLossScheduler: loss.InterleavedLossScheduler,
  StepLossScheduler: loss.StepLossScheduler,
  InterleavedEpochLossScheduler: loss.InterleavedEpochLossScheduler,
  StackedPhysicsLoss: loss.StackedPhysicsLoss,
};
const networks = { DnCNN: nn.DnCNN, UNet: nn.UNet };
/** Models that take a network under `backboneNet`. */
const wrappers = { ArtifactRemoval: nn.ArtifactRemoval };
const optimizers = { Adam: optim.Adam, AdamW: optim.AdamW, SGD: optim.SGD };
const schedules = { StepLR: optim.StepLR, MultiStepLR: optim.MultiStepLR, CosineAnnealingLR: optim.CosineAnnealingLR };
const metrics = {
  MSE: metric.MSE,
  NMSE: metric.NMSE,
  MAE: metric.MAE,
  PSNR: metric.PSNR,
  SSIM: metric.SSIM,
  L1L2: metric.L1L2,
  LpNorm: metric.LpNorm,
  NRMSE: metric.NRMSE,
  SNR: metric.SNR,
  MSSSIM: metric.MSSSIM,
  HaarPSI: metric.HaarPSI,
  GMSD: metric.GMSD,
  CosineSimilarity: metric.CosineSimilarity,
  SpectralAngleMapper: metric.SpectralAngleMapper,
  ERGAS: metric.ERGAS,
  QNR: metric.QNR,
  BlurStrength: metric.BlurStrength,
  SharpnessIndex: metric.SharpnessIndex,
};

/** A network that a configuration may name. */
export type Network = nn.DnCNN | nn.UNet | nn.ArtifactRemoval;

/** The parts of a training, made from a configuration. */
export interface Parts {
  readonly model: Network;
  readonly physics: AnyPhysics;
  readonly losses: WeightedLoss[];
  readonly optimizer: optim.Optimizer;
  readonly schedule?: optim.Schedule;
  readonly metrics: metric.Metric[];
}

/** Constructs everything that a configuration names; initial weights are drawn from `rng`. */
export function buildParts(config: Config, rng: RandomSource): Parts {
  const network = makeModel(config.model, rng);
  const optimizer = construct<optim.Optimizer>("optimizer", optimizers, config.optimizer ?? { name: "Adam" }, [
    network.parameters(),
  ]);
  const schedule = config.schedule
    ? construct<optim.Schedule>("schedule", schedules, config.schedule, [optimizer])
    : undefined;
  return {
    model: network,
    physics: makePhysics(config.physics, rng.fork()),
    losses: config.losses.map((named) => ({
      loss: makeLoss(omit(named, ["weight"]) as Named),
      weight: named["weight"] === undefined ? 1 : (named["weight"] as number),
    })),
    optimizer,
    ...(schedule ? { schedule } : {}),
    metrics: (config.metrics ?? ["PSNR"]).map((named) =>
      construct<metric.Metric>("metrics", metrics, typeof named === "string" ? { name: named } : named),
    ),
  };
}

/** A network, or a wrapper that makes a denoising network a reconstruction network. */
export function makeModel(named: Named, rng: RandomSource): Network {
  if (!Object.hasOwn(wrappers, named.name))
    return construct<Network>("model", { ...networks, ...wrappers }, named, [], { rng });
  const inner = named["backboneNet"];
  const backboneNet =
    inner === undefined
      ? {}
      : {
          backboneNet: construct<nn.DnCNN | nn.UNet>(
            "model.backboneNet",
            networks,
            checkNamed(inner, "model.backboneNet"),
            [],
            { rng },
          ),
        };
  return construct<Network>("model", wrappers, named, [], backboneNet);
}

/** A loss, with the losses that it names if it is a scheduler or StackedPhysicsLoss. */
function makeLoss(named: Named): loss.Loss {
  if (!Object.hasOwn(nesting, named.name))
    return construct<loss.Loss>("losses", { ...losses, ...nesting }, named, [], lossOptions(named, metrics));
  const nested = (entry: unknown): unknown =>
    Array.isArray(entry) ? entry.map(nested) : makeLoss(checkNamed(entry, `losses: ${named.name}`));
  return construct<loss.Loss>(
    "losses",
    nesting,
    named,
    [],
    Array.isArray(named["losses"]) ? { losses: named["losses"].map(nested) } : {},
  );
}
