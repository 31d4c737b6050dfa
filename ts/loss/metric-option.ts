import { Metric, MSE } from "../metric/index.js";
import { ArgumentError } from "../runtime/index.js";
import type { OptionReader } from "./options.js";

/** A metric; without one, the mean squared error. */
export const metricOption: OptionReader<Metric> = (value, name, key) => {
  if (value === undefined) return new MSE();
  if (value instanceof Metric) return value;
  throw new ArgumentError(`${name}: ${key} must be a Metric, such as new metric.MAE().`, "invalid_argument");
};
