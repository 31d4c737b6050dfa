import type { DataLoader, Dataset } from "../data/index.js";
import type { Loss } from "../loss/index.js";
import type { Metric } from "../metric/index.js";
import type { Reconstructor } from "../nn/index.js";
import type { Optimizer, Schedule } from "../optim/index.js";
import type { NoiseModel, OperatorKind, Physics, StackedPhysics } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { ArgumentError, checkNumber, checkOptions } from "../runtime/index.js";
import type { HistoryEntry } from "./history.js";

/**
 * Any physics; the losses check whether its noise and operator fit. Stacked physics measures to a `TensorList`, which
 * its model takes.
 */
export type AnyPhysics = Physics<NoiseModel, OperatorKind> | StackedPhysics;

/** A loss and its weight in the minimised sum. */
export interface WeightedLoss {
  readonly loss: Loss;
  readonly weight: number;
}

/** Progress of a training, given to `onProgress` every `readEvery` steps and at the end. */
export interface Progress {
  readonly step: number;
  /** Steps of the whole training. */
  readonly steps: number;
  /** Epochs finished. */
  readonly epoch: number;
  /** Mean of the weighted sum since the last report. */
  readonly loss: number;
  /** Mean of each loss since the last report, unweighted. */
  readonly losses: Readonly<Record<string, number>>;
  /** The first metric on the last batch if it has ground truth; otherwise empty. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  readonly secondsLeft: number;
}

/** When a training ends before its last epoch. */
export interface EarlyStop {
  /** Evaluations without an improvement before stopping. */
  readonly patience: number;
  /** Name of the metric that must improve. Default: the first. */
  readonly metric?: string;
  /** Changes up to this do not count as an improvement. Default: 0. */
  readonly minDelta?: number;
}

/** Options of {@link Trainer}. */
export interface TrainerOptions {
  /** The model to train. The Trainer calls each loss's `adaptModel` itself. */
  model: Reconstructor;
  /** Makes the measurements where the data has none. */
  physics: AnyPhysics;
  /** One loss, or several, whose weighted sum is minimised; a plain loss has weight 1. */
  losses: Loss | readonly (Loss | WeightedLoss)[];
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
  /** Samples with `x`, with `y`, or both. A plain dataset is batched and shuffled. */
  trainData: Dataset | DataLoader;
  /** Data with ground truth on which the model is evaluated after each epoch. */
  evalData?: Dataset | DataLoader;
  /** Batch size if `trainData` is a plain dataset. Default: 1. */
  batchSize?: number;
  /** Metrics of evaluations; the first is also measured on training batches. Default: PSNR. */
  metrics?: readonly Metric[];
  onProgress?: (progress: Progress) => void;
  /** Called after each evaluation with its means. */
  onEvaluation?: (entry: HistoryEntry) => void;
  /** Writes the whole state to `path` every `every` steps (Default: 500), at the end and when aborted. */
  checkpoint?: { readonly path: string; readonly every?: number };
  /** Where `history.jsonl` is written: with each checkpoint, after each epoch and at the end. */
  historyPath?: string;
  earlyStop?: EarlyStop;
  /** Largest global Euclidean norm of the gradients; larger ones are scaled down to it. Default: no limit. */
  gradClip?: number;
  /** Random stream of measurements, losses and batches. Default: seeded from entropy. */
  rng?: RandomSource;
  /** Steps between two read-backs of the losses, each of which makes the device wait. Default: 10. */
  readEvery?: number;
}

/** The option names, for `checkOptions`. */
export const TRAINER_KEYS: readonly string[] = Object.keys({
  model: true,
  physics: true,
  losses: true,
  optimizer: true,
  schedule: true,
  scheduleEvery: true,
  epochs: true,
  maxSteps: true,
  trainData: true,
  evalData: true,
  batchSize: true,
  metrics: true,
  onProgress: true,
  onEvaluation: true,
  checkpoint: true,
  historyPath: true,
  earlyStop: true,
  gradClip: true,
  rng: true,
  readEvery: true,
} satisfies Record<keyof TrainerOptions, true>);
const required = ["model", "physics", "losses", "optimizer", "trainData"] as const;

/**
 * Checks the options of a Trainer.
 *
 * @throws ArgumentError `unknown_option`, `missing_argument`, `invalid_argument`.
 */
export function checkTrainerOptions(options: TrainerOptions): void {
  checkOptions("Trainer", options, TRAINER_KEYS);
  for (const key of required) {
    if (options[key] === undefined) throw new ArgumentError(`Trainer: ${key} is missing.`, "missing_argument");
  }
  const whole = { positive: true, integer: true };
  for (const key of ["epochs", "maxSteps", "batchSize", "readEvery"] as const) {
    if (options[key] !== undefined) checkNumber("Trainer", key, options[key], whole);
  }
  if (options.gradClip !== undefined) checkNumber("Trainer", "gradClip", options.gradClip, { positive: true });
  if (options.checkpoint?.every !== undefined)
    checkNumber("Trainer", "checkpoint.every", options.checkpoint.every, whole);
  if (options.earlyStop) {
    checkNumber("Trainer", "earlyStop.patience", options.earlyStop.patience, whole);
    if (!options.evalData) throw new ArgumentError("Trainer: earlyStop needs evalData.", "missing_argument");
  }
  if (weightedLosses(options.losses).length === 0)
    throw new ArgumentError("Trainer: losses is empty, expected at least one.", "missing_argument");
}

/** The losses with their weights; a plain loss has weight 1. */
export function weightedLosses(losses: TrainerOptions["losses"]): WeightedLoss[] {
  const list = Array.isArray(losses) ? (losses as readonly (Loss | WeightedLoss)[]) : [losses as Loss];
  return list.map((item) => {
    if (!("loss" in item)) return { loss: item as Loss, weight: 1 };
    checkNumber("Trainer", "weight", (item as WeightedLoss).weight);
    return item as WeightedLoss;
  });
}
