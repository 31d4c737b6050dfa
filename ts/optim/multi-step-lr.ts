import { ArgumentError, checkNumber, checkOptions } from "../runtime/index.js";
import type { Optimizer } from "./optimizer.js";
import { Schedule } from "./schedule.js";

/**
 * Multiplies the learning rate by `gamma` (Default: 0.1) at each milestone:
 * `base gamma^(number of milestones <= epoch)`.
 */
export class MultiStepLR extends Schedule {
  /** Epochs of the changes. */
  readonly milestones: readonly number[];
  /** Factor of each change. */
  readonly gamma: number;

  /** @throws ArgumentError `missing_argument`, `invalid_argument`, `unknown_option`. */
  constructor(optimizer: Optimizer, options: { milestones: readonly number[]; gamma?: number }) {
    super(optimizer);
    checkOptions("MultiStepLR", options, ["milestones", "gamma"]);
    if (options?.milestones === undefined)
      throw new ArgumentError(
        "MultiStepLR: milestones is missing; it is an array of epochs, such as [30, 60].",
        "missing_argument",
      );
    if (!Array.isArray(options.milestones))
      throw new ArgumentError("MultiStepLR: milestones must be an array of epochs.", "invalid_argument");
    this.milestones = (options.milestones as readonly number[]).map((n, i) =>
      checkNumber("MultiStepLR", `milestones[${i}]`, n, { min: 0, integer: true }),
    );
    this.gamma = checkNumber("MultiStepLR", "gamma", options.gamma ?? 0.1, { min: 0 });
    // The first epoch, too, may be a milestone.
    this.apply();
  }

  /** The learning rate in epoch `epoch`. */
  rate(epoch: number): number {
    checkNumber(`${this.constructor.name}.rate`, "epoch", epoch, { min: 0 });
    return this.baseLearningRate * this.gamma ** this.milestones.filter((n) => n <= epoch).length;
  }
}
