import type { Metric } from "../metric/index.js";
import { AdjointError, ArgumentError } from "../runtime/index.js";
import type { HistoryEntry } from "./history.js";
import type { Criterion } from "./option-groups.js";

/** The value of an evaluation by which weights are compared. */
export interface Measure {
  /** `PSNR` or `SureGaussianLoss` or `total`. */
  readonly name: string;
  readonly lowerBetter: boolean;
  /**
   * The value of an evaluation.
   *
   * @throws AdjointError `non_finite_evaluation` where no image has a finite value.
   */
  of(entry: HistoryEntry): number;
}

/** What an evaluation measures. */
export interface Evaluated {
  /** Empty without ground truth. */
  readonly metrics: readonly Metric[];
  /** Names of the losses; empty where they are not evaluated. */
  readonly losses: readonly string[];
}

/**
 * Finds the value that decides.
 *
 * @param option name of the option, for messages.
 * @throws ArgumentError `invalid_argument` where it is not measured.
 */
export function measureOf(option: string, wanted: Criterion, { metrics, losses }: Evaluated): Measure {
  const useLoss = wanted.loss !== undefined || (wanted.metric === undefined && metrics.length === 0);
  if (useLoss) {
    const name = wanted.loss ?? "total";
    if (losses.length > 0 && (name === "total" || losses.includes(name))) return lossMeasure(name);
    const reason =
      losses.length === 0
        ? "no loss is evaluated; set evalLosses: true"
        : `expected "total" or one of ${losses.join(", ")}`;
    throw new ArgumentError(`Trainer: ${option}.loss is ${name}, but ${reason}.`, "invalid_argument");
  }
  const metric = wanted.metric === undefined ? metrics[0] : metrics.find(({ name }) => name === wanted.metric);
  if (metric) return metricMeasure(metric);
  const reason =
    metrics.length === 0
      ? 'evalData has no ground truth; choose a loss instead, such as { loss: "total" }'
      : `expected one of ${metrics.map(({ name }) => name).join(", ")}`;
  throw new ArgumentError(`Trainer: ${option}.metric is ${wanted.metric}, but ${reason}.`, "invalid_argument");
}

function metricMeasure({ name, lowerBetter, trainLoss }: Metric): Measure {
  return {
    name,
    // With `trainLoss` a metric is inverted, so that lower is better.
    lowerBetter: lowerBetter || trainLoss,
    of: ({ evalMetrics }) => finite(evalMetrics?.[name], name),
  };
}

function lossMeasure(name: string): Measure {
  return {
    name,
    lowerBetter: true,
    of: ({ evalLoss, evalLosses }) => finite(name === "total" ? evalLoss : evalLosses?.[name], name),
  };
}

function finite(value: number | undefined, name: string): number {
  if (value !== undefined && Number.isFinite(value)) return value;
  throw new AdjointError(
    `Trainer: ${name} of the whole evaluation is ${String(value)}: no image has a finite value. It cannot decide on ` +
      "the best weights or an early stop. Look at the evaluation data, or let another metric or loss decide.",
    "non_finite_evaluation",
  );
}

/** Whether `value` improves on `best` by more than `minDelta`; everything improves on nothing. */
export function improves(value: number, best: number | null, lowerBetter: boolean, minDelta = 0): boolean {
  if (best === null) return true;
  return (lowerBetter ? best - value : value - best) > minDelta;
}
