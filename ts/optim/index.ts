/** Optimisers and learning-rate schedules. */
export { Adam, AdamW } from "./adam.js";
export type { AdamOptions } from "./adam.js";
export { CosineAnnealingLR } from "./cosine-annealing-lr.js";
export { ExponentialLR } from "./exponential-lr.js";
export { LinearWarmup } from "./linear-warmup.js";
export { LossScale } from "./loss-scale.js";
export type { LossScaleOptions, LossScaleState, ScaledStepOptions } from "./loss-scale.js";
export { MultiStepLR } from "./multi-step-lr.js";
export { Optimizer } from "./optimizer.js";
export type { OptimizerState, StepOptions, Update } from "./optimizer.js";
export { Schedule } from "./schedule.js";
export type { ScheduleState } from "./schedule.js";
export { SGD } from "./sgd.js";
export type { SGDOptions } from "./sgd.js";
export { StepLR } from "./step-lr.js";
