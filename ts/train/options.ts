import type { DataLoader, Dataset, Measurement } from "../data/index.js";
import type { Group } from "../distributed/index.js";
import type { Loss } from "../loss/index.js";
import type { Metric } from "../metric/index.js";
import type { Reconstructor } from "../nn/index.js";
import type { Optimizer, Schedule } from "../optim/index.js";
import type { NoiseModel, OperatorKind, Physics, PhysicsGenerator, StackedPhysics } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import type { Baselines } from "./baselines.js";
import type { BestOptions, CheckpointOptions, EarlyStop, EvaluateEvery } from "./option-groups.js";
import type { HistoryEntry } from "./history.js";
import type { Logger } from "./loggers/logger.js";
import type { Progress } from "./progress.js";

/**
 * Any physics; the losses check whether its noise and operator fit. Stacked physics measures to a `TensorList`, which
 * its model takes.
 */
export type AnyPhysics = Physics<NoiseModel, OperatorKind> | StackedPhysics;

/** Samples by index, or batches of them. */
export type Examples = Dataset<Measurement> | DataLoader<Measurement>;

/** One, or a list of several. */
export type OneOrMore<T> = T | readonly T[];

/** A loss and its weight in the minimised sum. */
export interface WeightedLoss {
  readonly loss: Loss;
  readonly weight: number;
}

/** One loss, or several, whose weighted sum is minimised; a plain loss has weight 1. */
export type Losses = Loss | readonly (Loss | WeightedLoss)[];

/** The losses of a training: for all data sets, or a list for each. */
export type LossesOption = Losses | readonly (readonly (Loss | WeightedLoss)[])[];

/** Options of {@link Trainer}; docs/training.md has a program for each. */
export interface TrainerOptions {
  /** The model to train. The Trainer calls each loss's `adaptModel` itself. */
  model: Reconstructor;
  /** Makes the measurements where the data has none; several are taken in turn, each with its data set. */
  physics: OneOrMore<AnyPhysics>;
  /** Draws parameters of the physics for measurements that are made here: masks, filters, noise levels. */
  physicsGenerator?: OneOrMore<PhysicsGenerator>;
  /** The losses, or a list of such lists, one for each data set: `[[sup], [sure, { loss: tv, weight: 0.1 }]]`. */
  losses: LossesOption;
  /** Optimiser of `model.parameters()`. */
  optimizer: Optimizer;
  /** Learning-rate schedule. Default: constant rate. */
  schedule?: Schedule;
  /** How often the schedule is advanced. Default: `"epoch"`. */
  scheduleEvery?: "epoch" | "step";
  /** Passes through the data. Default: 1. */
  epochs?: number;
  /** Upper limit of steps. Default: no limit. */
  maxSteps?: number;
  /**
   * Samples with `x`, with `y`, or both; a plain dataset is batched and shuffled. Several data sets are taken in turn,
   * a batch of each, until every batch of each was taken once; that is an epoch.
   */
  trainData: OneOrMore<Examples>;
  /** Batch size where `trainData` is a plain dataset. Default: 1. */
  batchSize?: number;
  /**
   * Draws patches and measurements of data with `x` alone anew at each step. Default: false, each sample is measured
   * once (see `MeasuredDataset`).
   */
  redraw?: boolean;
  /**
   * Batches whose gradients are averaged for one step of the optimiser; with a `group` these of all ranks together, a
   * power of two. Default: 1.
   */
  accumulate?: number;
  /**
   * Ranks that share the batches of each step (docs/clusters.md): the same weights, bit for bit on the CPU, for any
   * number of them. Every rank makes a Trainer with the same options, and calls its methods in the same order; the
   * first gives the others its state, writes the files, logs and calls back. Default: this program alone.
   */
  group?: Group;
  /**
   * Whether batch norms (`BatchNorm2d`, `BFBatchNorm2d`) in training take mean and variance over all batches of a step,
   * of all ranks, forwards and backwards: as of one large batch. Needs `group`. A pass is repeated for each batch norm,
   * up to it. Default: false, each batch has its own.
   */
  syncBatchNorm?: boolean;
  /** Largest global Euclidean norm of the gradients; larger ones are scaled down to it. Default: no limit. */
  gradClip?: number;
  /** Weights averaged over the steps, `a = decay a + (1 - decay) w`: evaluated, and the result. Default: none. */
  ema?: {
    /** Share of the average that each step keeps, at least 0 and below 1. */
    readonly decay: number;
  };
  /** Data on which the model is evaluated: by metrics where it has `x`, by the losses where it has not. */
  evalData?: OneOrMore<Examples>;
  /** Epochs between evaluations, or `{ steps }`; the last epoch is always evaluated. Default: 1. */
  evalEvery?: EvaluateEvery;
  /** Whether the losses are evaluated on `evalData`. Default: where it has no ground truth. */
  evalLosses?: boolean;
  /** Metrics of evaluations; the first is also measured on training batches. Default: PSNR. */
  metrics?: readonly Metric[];
  /** Reconstructions without training, which `test` compares with. Default: y, and `AAdjoint` and `ADagger` of y. */
  baselines?: Baselines;
  /** Ends the training when evaluations no longer improve, with the best weights. Default: never. */
  earlyStop?: EarlyStop;
  /**
   * Keeps the weights of the best evaluation, and ends with them. Default: `{}` with `earlyStop`; without it, the last
   * weights are the result.
   */
  best?: BestOptions;
  /** Called each time the losses are read back; a promise is awaited. An error ends the training. */
  onProgress?: (progress: Progress) => unknown;
  /** Called after each evaluation with its means; a promise is awaited. An error ends the training. */
  onEvaluation?: (entry: HistoryEntry) => unknown;
  /** Receive values and images. Default: none. */
  loggers?: readonly Logger[];
  /** Where and how often the whole state is written; also at the end and when aborted. */
  checkpoint?: CheckpointOptions;
  /** File of the history, as JSON Lines; written with each checkpoint, after each epoch and at the end. */
  historyPath?: string;
  /** Random stream of measurements, losses and batches. Default: seeded from entropy. */
  rng?: RandomSource;
  /** Steps between two read-backs of the losses, each of which makes the device wait. Default: 10. */
  readEvery?: number;
}
