import { lerp } from "../functional/index.js";
import type { Reconstructor, StateDict } from "../nn/index.js";
import type { Tensor } from "../tensor/index.js";
import { copyWeights, disposeWeights } from "./weights.js";

/**
 * An exponential moving average of a model's weights: `a = decay a + (1 - decay) w` after each step, from the weights
 * after the first.
 *
 * Buffers, such as the statistics of batch norms, are not averaged: they are the model's.
 */
export class AveragedWeights {
  readonly #decay: number;
  #average: StateDict | undefined;

  constructor(decay: number) {
    this.#decay = decay;
  }

  /** Takes the weights after a step. */
  update(model: Reconstructor): void {
    const current = Object.fromEntries(model.namedParameters());
    const before = this.#average;
    if (!before) {
      this.#average = copyWeights(current);
      return;
    }
    const names = Object.keys(current);
    const pairs = names.map((name) => ({ a: before[name] as Tensor, b: current[name] as Tensor }));
    const after = lerp(pairs, 1 - this.#decay);
    this.#average = Object.fromEntries(names.map((name, i) => [name, after[i] as Tensor]));
    disposeWeights(before);
  }

  /** Gives the model the averaged weights. */
  load(model: Reconstructor): void {
    if (this.#average) model.loadStateDict(this.#average, { strict: false });
  }

  /** A copy for a checkpoint. */
  state(): StateDict | null {
    return this.#average ? copyWeights(this.#average) : null;
  }

  /** Restores a {@link state}, of which it takes copies. */
  loadState(state: StateDict | null): void {
    disposeWeights(this.#average);
    this.#average = state ? copyWeights(state) : undefined;
  }

  /** Frees the average. */
  dispose(): void {
    this.loadState(null);
  }
}
