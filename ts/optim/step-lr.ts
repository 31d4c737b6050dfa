import { checkNumber, checkOptions, requiredNumber } from "../runtime/index.js";
import type { Optimizer } from "./optimizer.js";
import { Schedule } from "./schedule.js";

/**
 * Multiplies the learning rate by `gamma` (Default: 0.1) every `stepSize` epochs: `base gamma^floor(epoch / stepSize)`.
 */
export class StepLR extends Schedule {
  /** Epochs between two changes. */
  readonly stepSize: number;
  /** Factor of each change. */
  readonly gamma: number;

  /** @throws ArgumentError `missing_argument`, `invalid_argument`, `unknown_option`. */
  constructor(optimizer: Optimizer, options: { stepSize: number; gamma?: number }) {
    super(optimizer);
    checkOptions("StepLR", options, ["stepSize", "gamma"]);
    this.stepSize = requiredNumber(
      "StepLR",
      "stepSize",
      options?.stepSize,
      "the number of epochs between two changes, such as 10",
      { positive: true, integer: true },
    );
    this.gamma = checkNumber("StepLR", "gamma", options.gamma ?? 0.1, { min: 0 });
  }

  /** The learning rate in epoch `epoch`. */
  rate(epoch: number): number {
    checkNumber(`${this.constructor.name}.rate`, "epoch", epoch, { min: 0 });
    return this.baseLearningRate * this.gamma ** Math.floor(epoch / this.stepSize);
  }
}
