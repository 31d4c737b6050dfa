import { BaseLossScheduler, checkContext, type LossSchedulerOptions, type ScheduleContext } from "./base.js";
import type { NestedLosses } from "./flatten.js";

/** Cycles through the entries, one in each epoch: entry `epoch mod n`. */
export class InterleavedEpochLossScheduler<E extends NestedLosses = NestedLosses> extends BaseLossScheduler<E> {
  override readonly name: string = "InterleavedEpochLossScheduler";

  /** @throws Those of {@link BaseLossScheduler}; `forward`: ArgumentError `missing_argument` without an epoch. */
  constructor(options: LossSchedulerOptions<E>) {
    super(options);
  }

  override schedule(context: ScheduleContext): readonly NestedLosses[] {
    const { epoch } = checkContext(this.name, context);
    return [this.losses[epoch % this.losses.length] as NestedLosses];
  }
}
