import type { Reconstructor } from "../nn/index.js";
import { AdjointError, ArgumentError } from "../runtime/index.js";
import { Clock } from "./clock.js";
import { allFinite } from "./finite.js";
import type { HistoryEntry } from "./history.js";
import type { Logging } from "./logging.js";
import { historyEntry, LossLog, type LossMeans, type PlacedReport } from "./loss-log.js";
import type { TrainerOptions } from "./options.js";
import type { Progress } from "./progress.js";
import type { Ranks } from "./ranks.js";

/** Errors from outside, after which a training can go on from a checkpoint. */
const INTERRUPTIONS = new Set(["file_unwritable", "rank_failed", "rank_lost", "rank_silent"]);

/** Where a training is. */
export interface Place {
  readonly step: number;
  /** Steps of the whole training. */
  readonly steps: number;
  /** Epochs finished. */
  readonly epoch: number;
}

/** What a training reports of its steps: to the history, to `onProgress` and to loggers; and whether it is finite. */
export class Reporting {
  readonly #options: TrainerOptions;
  readonly #logging: Logging;
  readonly #ranks: Ranks;
  readonly #log: LossLog;
  readonly #clock = new Clock();
  /** The last checkpoint that was written or read, for messages. */
  lastCheckpoint: { readonly path: string; readonly step: number } | undefined;

  constructor(options: TrainerOptions, logging: Logging, ranks: Ranks) {
    this.#options = options;
    this.#logging = logging;
    this.#ranks = ranks;
    this.#log = new LossLog(ranks);
  }

  /** Begins a run. */
  start(): void {
    this.#clock.start();
  }

  /** Takes what the batches of a step report. */
  add(step: number, reports: readonly PlacedReport[], images: number): void {
    for (const report of reports) this.#log.add(step, report);
    this.#clock.count(images);
  }

  /**
   * Reads back the losses since the last reading, and reports their means.
   *
   * @param metricName name of the metric that is measured on training batches.
   * @returns the entry of the history; `undefined` where there was no step.
   * @throws AdjointError `non_finite_loss`.
   */
  async read(place: Place, history: HistoryEntry[], metricName: string | undefined): Promise<void> {
    const means = await this.#log.read();
    if (!means) return;
    await this.#ranks.agreed(async () => {
      if ("nonFinite" in means) throw this.#nonFinite(means.nonFinite);
      const progress = this.#progress(place, means, metricName);
      history.push(historyEntry(progress, means));
      await this.#logging.progress(progress);
      await this.#options.onProgress?.(progress);
    });
  }

  /**
   * A gradient can make weights NaN or infinite while the losses are still finite.
   *
   * @throws AdjointError `non_finite_loss`.
   */
  async checkWeights(model: Reconstructor, step: number): Promise<void> {
    if (await allFinite(model.parameters())) return;
    throw this.#nonFinite(
      `a weight is not finite after step ${step} (its gradient is NaN or infinite, though the losses are not)`,
    );
  }

  /** An error of the disk or of another rank with the last checkpoint; others as they are. */
  explained(error: unknown): unknown {
    if (!(error instanceof AdjointError) || !INTERRUPTIONS.has(error.code)) return error;
    if (error.message.startsWith("Trainer: ")) return error;
    // An error of another rank may come explained.
    const known = /last good checkpoint|no checkpoint was written/i.test(error.message);
    const text = `Trainer: ${error.message}${known ? "" : ` ${sentence(this.#lastGood)}`}`;
    const Class = error.code === "file_unwritable" ? ArgumentError : AdjointError;
    return new Class(text, error.code, { cause: error });
  }

  /** Awaits work, of whose errors it throws {@link explained} ones. */
  async explaining(work: Promise<void>): Promise<void> {
    await work.catch((error: unknown) => {
      throw this.explained(error);
    });
  }

  /** Frees what was not read. */
  dispose(): void {
    this.#log.dispose();
  }

  #progress(place: Place, { total, losses, metric }: LossMeans, name: string | undefined): Progress {
    return {
      ...place,
      loss: total,
      losses,
      metrics: metric === undefined || name === undefined ? {} : { [name]: metric },
      learningRate: this.#options.optimizer.learningRate,
      ...this.#clock.read(place.steps - place.step),
    };
  }

  get #lastGood(): string {
    const last = this.lastCheckpoint;
    return last ? `the last good checkpoint is ${last.path} (step ${last.step})` : "no checkpoint was written";
  }

  #nonFinite(what: string): AdjointError {
    return new AdjointError(
      `Trainer: ${what}; ${this.#lastGood}. A lower learning rate or gradClip may help.`,
      "non_finite_loss",
    );
  }
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
