/** Training: Trainer, AdversarialTrainer, checkpoints, history, evaluation, progress displays, charts, reports. */
export {
  AdversarialTrainer,
  type AdversarialTrainerOptions,
  type PairedAdversarialOptions,
} from "./adversarial-trainer.js";
export { type Baselines, DEFAULT_BASELINES } from "./baselines.js";
export { type ChartOptions, lineChart, type Series } from "./chart.js";
export { loadState, saveState } from "./checkpoint.js";
export { trainingCharts, type TrainingChartsOptions } from "./curves.js";
export {
  evaluate,
  type EvaluateOptions,
  type MetricSummaries,
  type MetricSummary,
  type TestResult,
} from "./evaluate.js";
export { yieldToEventLoop } from "./event-loop.js";
export { type HistoryEntry, historyToJsonLines, writeHistory } from "./history.js";
export type { Logger } from "./loggers/logger.js";
export { JsonLogger, type JsonLoggerOptions } from "./loggers/json-logger.js";
export { TensorBoardLogger, type TensorBoardLoggerOptions } from "./loggers/tensorboard-logger.js";
export type {
  BestOptions,
  CheckpointOptions,
  Criterion,
  EarlyStop,
  EvaluateEvery,
  TrainOptions,
} from "./option-groups.js";
export { type ModelCard, type PretrainedFolder, savePretrained } from "./pretrained-folder.js";
export type {
  AnyPhysics,
  Examples,
  Losses,
  LossesOption,
  OneOrMore,
  TrainerOptions,
  WeightedLoss,
} from "./options.js";
export type { Paired, PairedOptions } from "./pairing.js";
export {
  type Progress,
  type ProgressDisplay,
  progressDisplay,
  type ProgressOptions,
  type ProgressStream,
} from "./progress.js";
export { htmlReport, type ReportContent, type ReportFigure, type ReportTable, writeReport } from "./report.js";
export { restore, type RestoreOptions } from "./restore.js";
export { restoreTiled } from "./tiles.js";
export { Trainer } from "./trainer.js";
export { trainingReport, type TrainingReportOptions } from "./training-report.js";
export { restoreUnclipped, type RestoreUnclippedOptions } from "./unclipped.js";
