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
 * Any physics: which noise and operator fit is the losses' business. A stack measures to a `TensorList`, which its
 * model takes.
 */
export type AnyPhysics = Physics<NoiseModel, OperatorKind> | StackedPhysics;

/** A loss and its weight in the sum that is minimised. */
export interface WeightedLoss {
  readonly loss: Loss;
  readonly weight: number;
}

/** How a training goes; given to `onProgress` about every `readEvery` steps. */
export interface Progress {
  readonly step: number;
  /** Steps of the whole training. */
  readonly steps: number;
  readonly epoch: number;
  /** Mean of the weighted sum since the last report. */
  readonly loss: number;
  /** Mean of each loss, unweighted. */
  readonly losses: Readonly<Record<string, number>>;
  /** The first metric on the last batch, where ground truth is known; empty otherwise. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  readonly secondsLeft: number;
}

/** When to stop before the last epoch. */
export interface EarlyStop {
  /** Evaluations without an improvement that are borne. */
  readonly patience: number;
  /** Name of the metric that must improve. Default: the first. */
  readonly metric?: string;
  /** Least change that counts as an improvement. Default: 0. */
  readonly minDelta?: number;
}

/** Options of {@link Trainer}. */
export interface TrainerOptions {
  /** What is trained. The Trainer calls each loss's `adaptModel` itself. */
  model: Reconstructor;
  /** What makes the measurements, where the data has none. */
  physics: AnyPhysics;
  /** What is minimised: one loss, or several; a plain loss has weight 1. */
  losses: Loss | readonly (Loss | WeightedLoss)[];
  /** Made with `model.parameters()`. */
  optimizer: Optimizer;
  /** Learning-rate schedule. */
  schedule?: Schedule;
  /** When the schedule takes a step. Default: `"epoch"`. */
  scheduleEvery?: "epoch" | "step";
  /** Passes through the data. Default: 1. */
  epochs?: number;
  /** Upper limit of steps, whatever `epochs` says. */
  maxSteps?: number;
  /** Samples with `x`, with `y`, or both. A plain dataset is shuffled. */
  trainData: Dataset | DataLoader;
  /** Evaluated after each epoch. */
  evalData?: Dataset | DataLoader;
  /** Batch size where `trainData` is a plain dataset. Default: 1. */
  batchSize?: number;
  /** Measured on `evalData`; the first also on training batches. Default: PSNR. */
  metrics?: readonly Metric[];
  onProgress?: (progress: Progress) => void;
  /** Called after each evaluation with its means. */
  onEvaluation?: (entry: HistoryEntry) => void;
  /** Writes the whole state to `path` every `every` steps (default 500), at the end and when aborted. */
  checkpoint?: { readonly path: string; readonly every?: number };
  /** Where `history.jsonl` is written: with each checkpoint, after each epoch and at the end. */
  historyPath?: string;
  earlyStop?: EarlyStop;
  /** Largest Euclidean norm of all gradients together; longer ones are scaled down. */
  gradClip?: number;
  /** Where measurements, losses and batches take their draws from. Default: fresh entropy. */
  rng?: RandomSource;
  /** Steps between two readings of the loss, which make the device wait. Default: 10. */
  readEvery?: number;
}

/** The option names, for `checkOptions`. */
export const TRAINER_KEYS: readonly (keyof TrainerOptions)[] = [
  "model",
  "physics",
  "losses",
  "optimizer",
  "schedule",
  "scheduleEvery",
  "epochs",
  "maxSteps",
  "trainData",
  "evalData",
  "batchSize",
  "metrics",
  "onProgress",
  "onEvaluation",
  "checkpoint",
  "historyPath",
  "earlyStop",
  "gradClip",
  "rng",
  "readEvery",
];
const required = ["model", "physics", "losses", "optimizer", "trainData"] as const;

/**
 * Refuses options that cannot work, before anything is computed.
 *
 * @throws ArgumentError `unknown_option`, `missing_argument`, `invalid_argument`.
 */
export function checkTrainerOptions(options: TrainerOptions): void {
  checkOptions("Trainer", options, TRAINER_KEYS);
  for (const key of required) {
    if (options[key] === undefined) throw new ArgumentError(`Trainer: ${key} is missing`, "missing_argument");
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
    if (!options.evalData) throw new ArgumentError("Trainer: earlyStop needs evalData", "missing_argument");
  }
  if (weightedLosses(options.losses).length === 0)
    throw new ArgumentError("Trainer: losses is empty, expected at least one", "missing_argument");
}

/** The losses with their weights. */
export function weightedLosses(losses: TrainerOptions["losses"]): WeightedLoss[] {
  const list = Array.isArray(losses) ? (losses as readonly (Loss | WeightedLoss)[]) : [losses as Loss];
  return list.map((item) => {
    if (!("loss" in item)) return { loss: item as Loss, weight: 1 };
    checkNumber("Trainer", "weight", (item as WeightedLoss).weight);
    return item as WeightedLoss;
  });
}
