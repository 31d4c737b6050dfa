import { checkOptions, requiredNumber, checkNumber } from "../runtime/index.js";
import type { Optimizer } from "./optimizer.js";
import { Schedule } from "./schedule.js";

/** Multiplies the learning rate by `gamma` after every epoch: `base gamma^epoch`. */
export class ExponentialLR extends Schedule {
  /** Factor of each epoch. */
  readonly gamma: number;

  /** @throws ArgumentError `missing_argument`, `invalid_argument`, `unknown_option`. */
  constructor(optimizer: Optimizer, options: { gamma: number }) {
    super(optimizer);
    checkOptions("ExponentialLR", options, ["gamma"]);
    this.gamma = requiredNumber("ExponentialLR", "gamma", options?.gamma, "the factor of each epoch, such as 0.95", {
      min: 0,
    });
  }

  /** The learning rate in epoch `epoch`. */
  rate(epoch: number): number {
    checkNumber(`${this.constructor.name}.rate`, "epoch", epoch, { min: 0 });
    return this.baseLearningRate * this.gamma ** epoch;
  }
}
