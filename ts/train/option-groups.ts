/**
 * Which value of an evaluation decides: a metric or a loss. Default: the first metric; without ground truth the
 * weighted sum of the losses.
 */
export interface Criterion {
  /** Name of a metric. */
  readonly metric?: string;
  /** Name of a loss on the evaluation data, or `"total"` for the weighted sum of all. */
  readonly loss?: string;
}

/** When a training ends before its last epoch. The best weights are then restored, unless `best` says otherwise. */
export interface EarlyStop extends Criterion {
  /** Evaluations without an improvement before stopping. */
  readonly patience: number;
  /** Changes up to this do not count as an improvement. Default: 0. */
  readonly minDelta?: number;
}

/** What becomes of the weights of the best evaluation. The criterion is by default that of `earlyStop`. */
export interface BestOptions extends Criterion {
  /** A safetensors file of the best weights, replaced atomically at each improvement. Default: none. */
  readonly path?: string;
  /** Texts by name that the file has in its metadata, besides value, step and epoch. Default: none. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Whether the model has the best weights after the training, instead of the last. Default: true. */
  readonly restore?: boolean;
}

/** Where and how often the whole state is written. */
export interface CheckpointOptions {
  /** A safetensors file, replaced atomically. */
  readonly path: string;
  /** Steps between checkpoints. Default: 500. */
  readonly every?: number;
}

/** Epochs between evaluations, or steps. */
export type EvaluateEvery = number | { readonly steps: number };

/** Options of {@link Trainer.train}. */
export interface TrainOptions {
  /** Aborting it stops after the current step; a checkpoint is written if the Trainer has a path for one. */
  signal?: AbortSignal;
}
