import { ArgumentError, checkNumber, checkObject } from "../runtime/index.js";
import { Optimizer } from "./optimizer.js";

/** State of a schedule; plain JSON. */
export interface ScheduleState {
  /** Number of `step` calls so far. */
  epoch: number;
  /** The learning rate that is scaled. */
  baseLearningRate: number;
  /** The state of a schedule that follows. Default: none. */
  after?: ScheduleState;
}

/**
 * Base class of the learning-rate schedules: `step()`, called after each epoch (or each step), sets the optimiser's
 * learning rate to `rate(epoch)`, a function of the number of calls only. One whose rate in epoch 0 is not the base
 * calls `apply` at the end of its constructor.
 */
export abstract class Schedule {
  /** The optimiser whose learning rate is set. */
  readonly optimizer: Optimizer;
  #epoch = 0;
  #base: number;

  /** @throws ArgumentError `invalid_argument`. */
  constructor(optimizer: Optimizer) {
    if (!(optimizer instanceof Optimizer))
      throw new ArgumentError(`${new.target.name}: the first argument must be an optimiser.`, "invalid_argument");
    this.optimizer = optimizer;
    this.#base = optimizer.baseLearningRate;
  }

  /** Number of `step` calls so far. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The learning rate that is scaled: the optimiser's when the schedule was constructed. */
  get baseLearningRate(): number {
    return this.#base;
  }

  /** The learning rate in epoch `epoch` (from 0). */
  abstract rate(epoch: number): number;

  /** Advances to the next epoch. */
  step(): void {
    this.#epoch++;
    this.apply();
  }

  /** Sets the optimiser's learning rate to that of the current epoch. */
  protected apply(): void {
    this.optimizer.setScheduledLearningRate(this.rate(this.#epoch));
  }

  /** The state of the schedule. */
  stateDict(): ScheduleState {
    return { epoch: this.#epoch, baseLearningRate: this.#base };
  }

  /**
   * Restores a state, and sets the learning rate.
   *
   * @throws ArgumentError `invalid_argument`.
   */
  loadStateDict(state: ScheduleState): void {
    const name = `${this.constructor.name}.loadStateDict`;
    checkObject(name, "state", state);
    const epoch = checkNumber(name, "epoch", state?.epoch, { min: 0, integer: true });
    this.#base = checkNumber(name, "baseLearningRate", state.baseLearningRate, { min: 0 });
    this.#epoch = epoch;
    this.apply();
  }
}
