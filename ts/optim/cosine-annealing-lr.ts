import { checkNumber, checkOptions, requiredNumber } from "../runtime/index.js";
import type { Optimizer } from "./optimizer.js";
import { Schedule } from "./schedule.js";

/**
 * Half a cosine from the base learning rate to `etaMin` (Default: 0) over `tMax` epochs, and back up afterwards:
 * `etaMin + (base - etaMin) (1 + cos(pi epoch / tMax)) / 2`. (Loshchilov, Hutter, "SGDR", 2017, arXiv:1608.03983.)
 */
export class CosineAnnealingLR extends Schedule {
  /** Epochs from the base learning rate to the smallest one. */
  readonly tMax: number;
  /** The smallest learning rate. */
  readonly etaMin: number;

  /** @throws ArgumentError `missing_argument`, `invalid_argument`, `unknown_option`. */
  constructor(optimizer: Optimizer, options: { tMax: number; etaMin?: number }) {
    super(optimizer);
    checkOptions("CosineAnnealingLR", options, ["tMax", "etaMin"]);
    this.tMax = requiredNumber(
      "CosineAnnealingLR",
      "tMax",
      options?.tMax,
      "the number of epochs from the base learning rate to the smallest one",
      { positive: true },
    );
    this.etaMin = checkNumber("CosineAnnealingLR", "etaMin", options.etaMin ?? 0, { min: 0 });
  }

  /** The learning rate in epoch `epoch`. */
  rate(epoch: number): number {
    checkNumber(`${this.constructor.name}.rate`, "epoch", epoch, { min: 0 });
    return this.etaMin + ((this.baseLearningRate - this.etaMin) * (1 + Math.cos((Math.PI * epoch) / this.tMax))) / 2;
  }
}
