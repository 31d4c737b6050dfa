import { ArgumentError, checkNumber, checkObject, checkOptions, requiredNumber } from "../runtime/index.js";
import type { Optimizer } from "./optimizer.js";
import { Schedule, type ScheduleState } from "./schedule.js";

/**
 * Raises the learning rate linearly from `startFactor` (Default: 1/3) times the base to the base over `steps` epochs,
 * then keeps it or follows `after` from its epoch 0. Call `step()` of the warm-up only, not of `after`.
 *
 * @example new LinearWarmup(adam, { steps: 5, after: new CosineAnnealingLR(adam, { tMax: 95 }) })
 */
export class LinearWarmup extends Schedule {
  /** Epochs of the rise. */
  readonly steps: number;
  /** Initial learning rate over the base. */
  readonly startFactor: number;
  /** What follows. */
  readonly after: Schedule | undefined;

  /** @throws ArgumentError `missing_argument`, `invalid_argument`, `unknown_option`. */
  constructor(optimizer: Optimizer, options: { steps: number; startFactor?: number; after?: Schedule }) {
    super(optimizer);
    checkOptions("LinearWarmup", options, ["steps", "startFactor", "after"]);
    this.steps = requiredNumber(
      "LinearWarmup",
      "steps",
      options?.steps,
      "the number of epochs of the rise, such as 5",
      { positive: true, integer: true },
    );
    this.startFactor = checkNumber("LinearWarmup", "startFactor", options.startFactor ?? 1 / 3, { min: 0, max: 1 });
    if (options.after !== undefined && !(options.after instanceof Schedule && options.after.optimizer === optimizer)) {
      throw new ArgumentError("LinearWarmup: after must be a schedule of the same optimiser.", "invalid_argument");
    }
    this.after = options.after;
    this.apply();
  }

  /** The learning rate in epoch `epoch`. */
  rate(epoch: number): number {
    checkNumber(`${this.constructor.name}.rate`, "epoch", epoch, { min: 0 });
    if (epoch >= this.steps) return this.after ? this.after.rate(epoch - this.steps) : this.baseLearningRate;
    return this.baseLearningRate * (this.startFactor + ((1 - this.startFactor) * epoch) / this.steps);
  }

  /** The state of the warm-up, with that of what follows. */
  override stateDict(): ScheduleState {
    const own = super.stateDict();
    return this.after ? { ...own, after: this.after.stateDict() } : own;
  }

  /**
   * Restores both states, and sets the learning rate; a state without that of `after` leaves it.
   *
   * @throws ArgumentError `invalid_argument`.
   */
  override loadStateDict(state: ScheduleState): void {
    checkObject(`${this.constructor.name}.loadStateDict`, "state", state);
    const before = this.after?.stateDict();
    if (state.after !== undefined) this.after?.loadStateDict(state.after);
    try {
      super.loadStateDict(state);
    } catch (error) {
      if (before !== undefined) {
        this.after?.loadStateDict(before);
        this.apply();
      }
      throw error;
    }
  }
}
