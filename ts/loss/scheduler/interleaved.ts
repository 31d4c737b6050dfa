import { checkObject } from "../../runtime/index.js";
import { tensor, type Tensor } from "../../tensor/index.js";
import { BaseLossScheduler, type LossSchedulerOptions } from "./base.js";
import type { NestedLosses } from "./flatten.js";

/** Cycles through the entries, one in each call. */
export class InterleavedLossScheduler<E extends NestedLosses = NestedLosses> extends BaseLossScheduler<E> {
  override readonly name: string = "InterleavedLossScheduler";
  #next = 0;

  /** @throws Those of {@link BaseLossScheduler}. */
  constructor(options: LossSchedulerOptions<E>) {
    super(options);
  }

  override schedule(): readonly NestedLosses[] {
    const entry = this.losses[this.#next] as NestedLosses;
    this.#next = (this.#next + 1) % this.losses.length;
    return [entry];
  }

  /** The state of the losses, and the index of the next entry. */
  override stateDict(): Record<string, Tensor> {
    return { ...super.stateDict(), next: tensor(this.#next, { device: "cpu" }) };
  }

  override loadStateDict(state: Record<string, Tensor>): void {
    checkObject(this.name, "state", state);
    const { next, ...rest } = state;
    super.loadStateDict(rest);
    if (next) this.#next = next.itemSync() % this.losses.length;
  }
}
