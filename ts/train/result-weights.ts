import type { Reconstructor, StateDict } from "../nn/index.js";
import { FormatError } from "../runtime/index.js";
import { AveragedWeights } from "./averaged-weights.js";
import { BestWeights, type BestWeightsState } from "./best-weights.js";
import { type Evaluated, type Measure, measureOf } from "./criterion.js";
import { EarlyStopping, type EarlyStoppingState } from "./early-stopping.js";
import type { HistoryEntry } from "./history.js";
import type { Criterion } from "./option-groups.js";
import type { TrainerOptions } from "./options.js";
import { copyWeights, disposeWeights } from "./weights.js";

/** What a checkpoint holds of {@link ResultWeights}. */
export interface ResultWeightsState {
  average: StateDict | null;
  best: (BestWeightsState & { name: string }) | null;
  earlyStopping: (EarlyStoppingState & { name: string | null }) | null;
}

/**
 * The weights that a training ends with: the best, the average, or the last; and whether it ends early.
 *
 * While the model has the result, the weights of the last step are kept apart, so that the training can go on.
 */
export class ResultWeights {
  readonly #options: TrainerOptions;
  readonly #model: Reconstructor;
  readonly #average: AveragedWeights | undefined;
  #measures: { readonly best: Measure; readonly stop: Measure } | undefined;
  #best: BestWeights | undefined;
  #earlyStopping: EarlyStopping | undefined;
  /** The weights of the last step, while the model has the result. */
  #last: StateDict | undefined;

  constructor(options: TrainerOptions) {
    this.#options = options;
    this.#model = options.model;
    this.#average = options.ema && new AveragedWeights(options.ema.decay);
  }

  /** @throws ArgumentError `invalid_argument` where the value that decides is not measured. */
  prepare(evaluated: Evaluated): void {
    const { best, earlyStop } = this.#options;
    if (!best && !earlyStop) return;
    const named = ({ metric, loss }: Criterion = {}): boolean => metric !== undefined || loss !== undefined;
    const stop = measureOf("earlyStop", earlyStop ?? {}, evaluated);
    const own = best && named(best) ? measureOf("best", best, evaluated) : stop;
    this.#measures = { best: own, stop };
    this.#best = new BestWeights(own, best ?? {});
    if (earlyStop) this.#earlyStopping = new EarlyStopping(earlyStop, stop);
  }

  /** The best evaluation so far. */
  get best(): BestWeights["best"] {
    return this.#best?.best ?? null;
  }

  /** Takes the weights after a step. */
  afterStep(): void {
    this.#average?.update(this.#model);
  }

  /** Runs `fn` while the model has the weights that are evaluated: the averaged ones where there are any. */
  async evaluated<T>(fn: () => Promise<T>): Promise<T> {
    if (!this.#average || this.#last) return await fn();
    // Kept apart as at the end, so that a checkpoint that `fn` writes has them.
    this.#last = this.#model.stateDict();
    try {
      this.#average.load(this.#model);
      return await fn();
    } finally {
      this.continue();
    }
  }

  /** Takes an evaluation of the weights that the model has; whether to stop. */
  async judge(entry: HistoryEntry): Promise<boolean> {
    await this.#best?.offer(entry, this.#model);
    return this.#earlyStopping?.update(entry) ?? false;
  }

  /** Whether the model has the result, while the weights of the last step are kept apart. */
  get finished(): boolean {
    return this.#last !== undefined;
  }

  /** Gives the model the result of the training. */
  finish(): void {
    const best = (this.#options.best?.restore ?? true) ? this.#best?.weights : undefined;
    if (!best && !this.#average) return;
    this.#last = this.#model.stateDict();
    if (best) this.#model.loadStateDict(best);
    else this.#average?.load(this.#model);
  }

  /** Gives the model the weights of the last step again. */
  continue(): void {
    if (!this.#last) return;
    this.#model.loadStateDict(this.#last);
    this.#forgetLast();
  }

  /** A copy of the weights of the last step. */
  last(): StateDict {
    return this.#last ? copyWeights(this.#last) : this.#model.stateDict();
  }

  /** Copies for a checkpoint. */
  state(): ResultWeightsState {
    const [best, stopping] = [this.#best?.state(), this.#earlyStopping?.state()];
    const { best: byBest, stop } = this.#measures ?? {};
    return {
      average: this.#average?.state() ?? null,
      best: best && byBest ? { ...best, name: byBest.name } : null,
      earlyStopping: stopping && stop ? { ...stopping, name: stop.name } : null,
    };
  }

  /**
   * Refuses a state that is not one of this model; the model's weights are changed.
   *
   * @throws FormatError `checkpoint_invalid`; the model's errors where weights do not fit.
   */
  check({ average, best, earlyStopping }: ResultWeightsState, path: string): void {
    const names = this.#model.namedParameters().map(([name]) => name);
    const number = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value);
    const fits =
      (average === null || names.every((name) => Object.hasOwn(average, name))) &&
      (best === null || [best.value, best.step, best.epoch].every(number)) &&
      (earlyStopping === null ||
        (number(earlyStopping.sinceBest) && (earlyStopping.best === null || number(earlyStopping.best))));
    if (!fits) {
      throw new FormatError(
        `${path}: the checkpoint's best or averaged weights, or its early stop, do not belong to this model.`,
        "checkpoint_invalid",
      );
    }
    if (average) this.#model.loadStateDict({ ...this.#model.stateDict(), ...average });
    if (best) this.#model.loadStateDict(best.weights);
  }

  /** Restores a {@link state}, of which it takes copies. Values of another criterion are not compared with. */
  loadState({ average, best, earlyStopping }: ResultWeightsState): void {
    this.#forgetLast();
    this.#average?.loadState(average);
    const { best: byBest, stop } = this.#measures ?? {};
    this.#best?.loadState(best && best.name === byBest?.name ? best : null);
    const same = earlyStopping && (earlyStopping.name === null || earlyStopping.name === stop?.name);
    this.#earlyStopping?.loadState(same ? earlyStopping : { best: null, sinceBest: 0 });
  }

  /** Frees all weights but the model's. */
  dispose(): void {
    this.#forgetLast();
    this.#average?.dispose();
    this.#best?.dispose();
  }

  #forgetLast(): void {
    disposeWeights(this.#last);
    this.#last = undefined;
  }
}
