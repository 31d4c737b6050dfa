import { writeFileAtomic } from "../io/index.js";

/** Losses and metrics at one step of a training. */
export interface HistoryEntry {
  /** Steps done. */
  step: number;
  /** Epochs finished. */
  epoch: number;
  /** Mean total loss since the previous entry. */
  loss?: number;
  /** Mean of each loss, unweighted, since the previous entry. */
  losses?: Record<string, number>;
  /** Steps since the previous entry in which a scheduler used each of its losses; only with a scheduler. */
  active?: Record<string, number>;
  /** Means of the discriminator's losses and of their `total`; only of an AdversarialTrainer. */
  discriminator?: Record<string, number>;
  /** First metric on the last training batch, if it has ground truth. */
  trainMetrics?: Record<string, number>;
  /** Mean of each metric on the evaluation data, over the images that have a finite value. */
  evalMetrics?: Record<string, number>;
  /** Weighted sum of the losses on the evaluation data. */
  evalLoss?: number;
  /** Mean of each loss on the evaluation data, unweighted. */
  evalLosses?: Record<string, number>;
  learningRate?: number;
  imagesPerSecond?: number;
}

/** A history as JSON Lines: one entry per line. */
export function historyToJsonLines(history: readonly HistoryEntry[]): string {
  return history.map((entry) => `${JSON.stringify(entry)}\n`).join("");
}

/** Writes a history as JSON Lines, atomically. */
export async function writeHistory(path: string, history: readonly HistoryEntry[]): Promise<void> {
  await writeFileAtomic(path, historyToJsonLines(history));
}
