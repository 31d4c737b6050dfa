import { checkNumber } from "../../runtime/index.js";
import { BaseLossScheduler, type LossSchedulerOptions, type ScheduleContext } from "./base.js";
import type { NestedLosses } from "./flatten.js";

/** Options of {@link StepLossScheduler}. */
export interface StepLossSchedulerOptions<E extends NestedLosses = NestedLosses> extends LossSchedulerOptions<E> {
  /** Last epoch without the losses, counted from 0. Default 0. */
  epochThresh?: number;
}

/**
 * Uses all losses once an epoch is over: the value is 0 while `epoch <= epochThresh`, and their sum from epoch
 * `epochThresh + 1` on.
 *
 * Epochs count from 0: with the default threshold 0 the first epoch has no loss.
 */
export class StepLossScheduler<E extends NestedLosses = NestedLosses> extends BaseLossScheduler<E> {
  override readonly name: string = "StepLossScheduler";
  readonly epochThresh: number;

  /** @throws ArgumentError `invalid_argument` for a negative threshold; those of {@link BaseLossScheduler}. */
  constructor(options: StepLossSchedulerOptions<E>) {
    super(options, ["epochThresh"]);
    this.epochThresh = checkNumber("StepLossScheduler", "epochThresh", options.epochThresh ?? 0, {
      integer: true,
      min: 0,
    });
  }

  override schedule({ epoch }: ScheduleContext): readonly NestedLosses[] {
    return epoch > this.epochThresh ? this.losses : [];
  }
}
