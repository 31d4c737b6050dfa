/** Schedulers: which losses are used at which time of a training. */
export {
  BaseLossScheduler,
  type LossSchedulerOptions,
  type ScheduleContext,
  type ScheduledArgs,
  type ScheduledModel,
} from "./base.js";
export type { LossesIn, NestedLosses } from "./flatten.js";
export { InterleavedLossScheduler } from "./interleaved.js";
export { InterleavedEpochLossScheduler } from "./interleaved-epoch.js";
export { RandomLossScheduler, type RandomLossSchedulerOptions } from "./random.js";
export { StepLossScheduler, type StepLossSchedulerOptions } from "./step.js";
