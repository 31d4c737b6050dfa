import { Metric, MSE } from "../metric/index.js";
import { ArgumentError } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";

/** The metric option of a loss: a Metric, or the mean squared error where none is given. */
export function metricOption(loss: string, metric: Metric | undefined): Metric {
  if (metric === undefined) return new MSE();
  if (!(metric instanceof Metric)) {
    throw new ArgumentError(`${loss}: metric must be a Metric, such as new metric.MAE().`, "invalid_argument");
  }
  return metric;
}

/**
 * Refuses measurements below 0 where the noise is Poisson, whose counts never are.
 *
 * Looked at where the numbers can be read at once (the CPU).
 *
 * @throws ArgumentError `invalid_argument`.
 */
export function checkCounts(caller: string, y: Tensor): void {
  if (y.device !== "cpu" || y.size === 0) return;
  const least = y.detach().min().itemSync();
  if (!(least < 0)) return;
  throw new ArgumentError(
    `${caller}: y has an entry of ${least}, but measurements under Poisson noise are counts times the gain, never below 0; clamp them, or take SurePGLoss where there is Gaussian noise besides.`,
    "invalid_argument",
  );
}
