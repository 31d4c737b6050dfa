import type { Tensor } from "../tensor/index.js";
import type { HistoryEntry } from "./history.js";
import type { Logger } from "./loggers/logger.js";
import type { Progress } from "./progress.js";

/** Passes values and images on to several loggers. An error of one ends the training. */
export class Logging {
  readonly #loggers: readonly Logger[];

  constructor(loggers: readonly Logger[] = []) {
    this.#loggers = loggers;
  }

  /** The files that the loggers write. */
  get lockedFiles(): readonly string[] {
    return this.#loggers.flatMap((logger) => logger.lockedFiles ?? []);
  }

  async start(step: number, settings: Readonly<Record<string, unknown>>): Promise<void> {
    for (const logger of this.#loggers) await logger.start?.(step, settings);
  }

  /** `train/loss`, `train/<loss>`, `train/<metric>`, `learningRate`, `imagesPerSecond`. */
  async progress({ step, loss, losses, metrics, learningRate, imagesPerSecond }: Progress): Promise<void> {
    await this.#scalars(step, {
      "train/loss": loss,
      ...prefixed("train", losses),
      ...prefixed("train", metrics),
      learningRate,
      imagesPerSecond,
    });
  }

  /** `eval/<metric>`, `eval/<loss>`, `eval/loss`, and the images of {@link Pictures.latest}. */
  async evaluation(entry: HistoryEntry, images: () => Record<string, Tensor>): Promise<void> {
    const { step, evalMetrics = {}, evalLosses = {}, evalLoss } = entry;
    await this.#scalars(step, {
      ...prefixed("eval", evalMetrics),
      ...(evalLoss === undefined ? {} : { "eval/loss": evalLoss }),
      ...prefixed("eval", evalLosses),
    });
    if (!this.#loggers.some((logger) => logger.images)) return;
    const shown = images();
    try {
      if (Object.keys(shown).length === 0) return;
      for (const logger of this.#loggers) await logger.images?.(step, shown);
    } finally {
      for (const image of Object.values(shown)) image.dispose();
    }
  }

  /** Closes every logger, even where one fails; then throws the first error. */
  async close(): Promise<void> {
    const errors: unknown[] = [];
    for (const logger of this.#loggers) {
      try {
        await logger.close?.();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  async #scalars(step: number, values: Readonly<Record<string, number>>): Promise<void> {
    for (const logger of this.#loggers) await logger.scalars(step, values);
  }
}

function prefixed(prefix: string, values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}/${name}`, value]));
}
