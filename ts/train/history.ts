import { writeFileAtomic } from "../io/index.js";

/** What was measured at one moment of a training. */
export interface HistoryEntry {
  /** Steps done. */
  step: number;
  /** Epochs finished. */
  epoch: number;
  /** Mean total loss since the entry before. */
  loss?: number;
  /** Mean of each loss, unweighted, since the entry before. */
  losses?: Record<string, number>;
  /** Steps since the entry before in which a scheduler used each of its losses; only where there is a scheduler. */
  active?: Record<string, number>;
  /** Mean of what the discriminator minimises, `total` and each of its losses; only of an AdversarialTrainer. */
  discriminator?: Record<string, number>;
  /** First metric on the last training batch, where its ground truth is known. */
  trainMetrics?: Record<string, number>;
  /** Mean of each metric on the evaluation data. */
  evalMetrics?: Record<string, number>;
  learningRate?: number;
  imagesPerSecond?: number;
}

/** A history as JSON lines, one entry a line. */
export function historyToJsonLines(history: readonly HistoryEntry[]): string {
  return history.map((entry) => `${JSON.stringify(entry)}\n`).join("");
}

/** Writes `history.jsonl`, atomically. */
export async function writeHistory(path: string, history: readonly HistoryEntry[]): Promise<void> {
  await writeFileAtomic(path, historyToJsonLines(history));
}
