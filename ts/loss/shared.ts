import { Metric, MSE } from "../metric/index.js";
import { ArgumentError, ShapeError } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";

/** Mean over every dimension but the batch: `[B, ...]` to `[B]`. */
export function meanPerImage(t: Tensor): Tensor {
  const entries = t.shape.slice(1).reduce((a, b) => a * b, 1);
  return t.reshape([t.shape[0] ?? 1, entries]).mean(1);
}

/** The metric option of a loss: a Metric, or the mean squared error where none is given. */
export function metricOption(loss: string, metric: Metric | undefined): Metric {
  if (metric === undefined) return new MSE();
  if (!(metric instanceof Metric)) {
    throw new ArgumentError(`${loss}: metric must be a Metric, such as new metric.MAE().`, "invalid_argument");
  }
  return metric;
}

/**
 * A noise level made to multiply tensors shaped like `y`: one number, one value for all, one value for each image
 * (shape `[B]`), or a tensor that already has the rank of `y`.
 *
 * @throws ShapeError `shape_mismatch`.
 */
export function levelLike(level: number | Tensor, y: Tensor, caller: string): number | Tensor {
  if (typeof level === "number") return level;
  const rank = y.shape.length;
  const placed = level.to(y.device).to(y.dtype);
  if (level.shape.length === rank) return placed;
  if (level.size === 1) return placed.reshape(new Array<number>(rank).fill(1));
  if (level.size === y.shape[0]) return placed.reshape([level.size, ...new Array<number>(rank - 1).fill(1)]);
  throw new ShapeError(
    `${caller}: a noise level of shape [${level.shape.join(", ")}] fits neither one value nor one for each of the ${y.shape[0] ?? 0} images of y (shape [${y.shape.join(", ")}]).`,
    "shape_mismatch",
  );
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
