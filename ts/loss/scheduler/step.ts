import { number, type OptionReaders, readValues } from "../options.js";
import { BaseLossScheduler, checkContext, type LossSchedulerOptions, type ScheduleContext } from "./base.js";
import type { NestedLosses } from "./flatten.js";

/** Options of {@link StepLossScheduler}. */
export interface StepLossSchedulerOptions<E extends NestedLosses = NestedLosses> extends LossSchedulerOptions<E> {
  /** Last epoch without the losses, counted from 0. Default: 0. */
  epochThresh?: number;
}

const OPTIONS = {
  epochThresh: number(0, { integer: true, min: 0 }),
} satisfies OptionReaders<Omit<StepLossSchedulerOptions, keyof LossSchedulerOptions>>;

/**
 * Uses all losses after a given epoch: the value is 0 while `epoch <= epochThresh`, and their sum from epoch
 * `epochThresh + 1`.
 *
 * Epochs count from 0: with the default threshold 0 the first epoch has no loss.
 */
export class StepLossScheduler<E extends NestedLosses = NestedLosses> extends BaseLossScheduler<E> {
  override readonly name: string = "StepLossScheduler";
  readonly epochThresh: number;

  /** @throws ArgumentError `invalid_argument` for a negative threshold; those of {@link BaseLossScheduler}. */
  constructor(options: StepLossSchedulerOptions<E>) {
    super(options, Object.keys(OPTIONS));
    this.epochThresh = readValues(this.name, options, OPTIONS).epochThresh;
  }

  override schedule(context: ScheduleContext): readonly NestedLosses[] {
    const { epoch } = checkContext(this.name, context);
    return epoch > this.epochThresh ? this.losses : [];
  }
}
