import { improves, type Measure } from "./criterion.js";
import type { HistoryEntry } from "./history.js";
import type { EarlyStop } from "./option-groups.js";

/** What a checkpoint holds of an {@link EarlyStopping}. */
export interface EarlyStoppingState {
  best: number | null;
  sinceBest: number;
}

/** Decides after each evaluation whether a training ends early. */
export class EarlyStopping {
  readonly #measure: Measure;
  readonly #patience: number;
  readonly #minDelta: number;
  #best: number | null = null;
  #sinceBest = 0;

  constructor({ patience, minDelta = 0 }: EarlyStop, measure: Measure) {
    this.#measure = measure;
    this.#patience = patience;
    this.#minDelta = minDelta;
  }

  /** Takes an evaluation; whether to stop. */
  update(entry: HistoryEntry): boolean {
    const value = this.#measure.of(entry);
    if (improves(value, this.#best, this.#measure.lowerBetter, this.#minDelta)) {
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
