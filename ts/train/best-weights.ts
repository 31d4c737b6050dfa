import { writeSafetensors } from "../io/index.js";
import type { Reconstructor, StateDict } from "../nn/index.js";
import { improves, type Measure } from "./criterion.js";
import type { HistoryEntry } from "./history.js";
import type { BestOptions } from "./option-groups.js";
import { copyWeights, disposeWeights } from "./weights.js";

/** What a checkpoint holds of a {@link BestWeights}. */
export interface BestWeightsState {
  value: number;
  step: number;
  epoch: number;
  weights: StateDict;
}

/** Keeps the weights of the best evaluation, in memory and where asked in a file. */
export class BestWeights {
  readonly #measure: Measure;
  readonly #path: string | undefined;
  readonly #metadata: Readonly<Record<string, string>>;
  #kept: BestWeightsState | undefined;

  constructor(measure: Measure, { path, metadata = {} }: Pick<BestOptions, "path" | "metadata">) {
    this.#measure = measure;
    this.#path = path;
    this.#metadata = metadata;
  }

  /** The best evaluation so far. */
  get best(): { readonly name: string; readonly value: number; readonly step: number; readonly epoch: number } | null {
    if (!this.#kept) return null;
    const { value, step, epoch } = this.#kept;
    return { name: this.#measure.name, value, step, epoch };
  }

  /** The weights of the best evaluation. */
  get weights(): StateDict | undefined {
    return this.#kept?.weights;
  }

  /** Keeps the weights of a model if its evaluation is the best so far. */
  async offer(entry: HistoryEntry, model: Reconstructor): Promise<void> {
    const value = this.#measure.of(entry);
    if (!improves(value, this.#kept?.value ?? null, this.#measure.lowerBetter)) return;
    this.#replace({ value, step: entry.step, epoch: entry.epoch, weights: model.stateDict() });
    await this.#write();
  }

  /** A copy for a checkpoint. */
  state(): BestWeightsState | null {
    return this.#kept ? { ...this.#kept, weights: copyWeights(this.#kept.weights) } : null;
  }

  /** Restores a {@link state}, of which it takes copies. */
  loadState(state: BestWeightsState | null): void {
    this.#replace(state ? { ...state, weights: copyWeights(state.weights) } : undefined);
  }

  /** Frees the weights. */
  dispose(): void {
    this.#replace(undefined);
  }

  #replace(kept: BestWeightsState | undefined): void {
    disposeWeights(this.#kept?.weights);
    this.#kept = kept;
  }

  async #write(): Promise<void> {
    if (this.#path === undefined || !this.#kept) return;
    const { value, step, epoch, weights } = this.#kept;
    const evaluation = { [this.#measure.name]: String(value), step: String(step), epoch: String(epoch) };
    await writeSafetensors(this.#path, weights, { ...this.#metadata, ...evaluation });
  }
}
