import type { Metric } from "../metric/index.js";
import { ArgumentError } from "../runtime/index.js";
import type { EarlyStop } from "./options.js";

/** What a checkpoint holds of an {@link EarlyStopping}. */
export interface EarlyStoppingState {
  best: number | null;
  sinceBest: number;
}

/** Decides after each evaluation whether a training ends early. Without options it never does. */
export class EarlyStopping {
  readonly #metric: Metric | undefined;
  readonly #patience: number;
  readonly #minDelta: number;
  #best: number | null = null;
  #sinceBest = 0;

  /** @throws ArgumentError `invalid_argument` where no metric has the name `options.metric`. */
  constructor(options: EarlyStop | undefined, metrics: readonly Metric[]) {
    const wanted = options?.metric;
    this.#metric = options && (wanted === undefined ? metrics[0] : metrics.find(({ name }) => name === wanted));
    if (wanted !== undefined && !this.#metric) {
      throw new ArgumentError(
        `Trainer: earlyStop.metric is ${wanted}, expected one of ${metrics.map(({ name }) => name).join(", ")}.`,
        "invalid_argument",
      );
    }
    this.#patience = options?.patience ?? Infinity;
    this.#minDelta = options?.minDelta ?? 0;
  }

  /** Takes the means of an evaluation; whether to stop. */
  update(means: Readonly<Record<string, number>>): boolean {
    if (!this.#metric) return false;
    const value = means[this.#metric.name] as number;
    const sign = this.#metric.lowerBetter ? -1 : 1;
    const gain = this.#best === null ? Infinity : sign * (value - this.#best);
    if (gain > this.#minDelta) {
      this.#best = value;
      this.#sinceBest = 0;
      return false;
    }
    this.#sinceBest += 1;
    return this.#sinceBest >= this.#patience;
  }

  state(): EarlyStoppingState {
    return { best: this.#best, sinceBest: this.#sinceBest };
  }

  loadState({ best, sinceBest }: EarlyStoppingState): void {
    this.#best = best;
    this.#sinceBest = sinceBest;
  }
}
