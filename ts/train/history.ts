import { appendFile, writeFileAtomic } from "../io/index.js";
import { ArgumentError, checkList, checkNumber, checkObject, currentPlatform } from "../runtime/index.js";

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
  checkHistory("historyToJsonLines", history);
  return history.map((entry) => `${stringify(entry)}\n`).join("");
}

function stringify(entry: HistoryEntry): string {
  try {
    return JSON.stringify(entry);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    throw new ArgumentError(
      `historyToJsonLines: an entry is no plain data (${error.message.split("\n")[0]}).`,
      "invalid_argument",
      { cause: error },
    );
  }
}

/**
 * Refuses what is no history: a list of entries with their step.
 *
 * @throws ArgumentError `invalid_argument`.
 */
export function checkHistory(caller: string, history: readonly HistoryEntry[]): void {
  for (const [i, entry] of checkList(caller, "history", history).entries()) {
    checkObject(caller, `history[${i}]`, entry);
    checkNumber(caller, `history[${i}].step`, entry.step, { min: 0 });
  }
}

/** Writes a history as JSON Lines, atomically. */
export async function writeHistory(path: string, history: readonly HistoryEntry[]): Promise<void> {
  await writeFileAtomic(path, historyToJsonLines(history), "the history");
}

/** A file of a growing history: written as a whole at first, then appended to, so that a long one costs no more. */
export class HistoryFile {
  readonly #path: string;
  /** What the file has, as far as this object wrote it. */
  #written: { readonly rows: number; readonly last: HistoryEntry | undefined; readonly bytes: number } | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Writes what the file lacks; all of it where it is not what was written last. */
  async write(history: readonly HistoryEntry[]): Promise<void> {
    const { rows, last, bytes } = this.#written ?? { rows: 0, last: undefined, bytes: -1 };
    const grown = rows <= history.length && (rows === 0 || history[rows - 1] === last);
    const append = this.#written !== undefined && grown && (await this.#size()) === bytes;
    // After an error it is not known what the file has.
    this.#written = undefined;
    const content = new TextEncoder().encode(historyToJsonLines(append ? history.slice(rows) : history));
    if (!append) await writeFileAtomic(this.#path, content, "the history");
    else if (content.length > 0) await appendFile(this.#path, content, "the history");
    const length = content.length + (append ? bytes : 0);
    this.#written = { rows: history.length, last: history.at(-1), bytes: length };
  }

  /** The length of the file; undefined where there is none. */
  async #size(): Promise<number | undefined> {
    try {
      const file = await (await currentPlatform()).openFile(this.#path);
      await file.close();
      return file.size;
    } catch {
      return undefined;
    }
  }
}
