import type { Metric } from "../../ts/metric/index.js";
import type { CaseData } from "./case-data.js";
import type { Spec } from "./format.js";
import { build } from "./library.js";
import type { Result } from "./result.js";

/** `metric(xNet, x)`; the class `Metric` with the argument `sum` is the sum of several metrics. */
export function runMetric(data: CaseData): Result {
  const { golden } = data;
  const parts = golden.params.sum as readonly (string | Spec)[] | undefined;
  const specs = parts ? parts.map((part) => (typeof part === "string" ? { class: part } : part)) : [golden];
  const metric = specs.map((spec) => build(spec, data) as Metric).reduce((a, b) => a.add(b));
  const xNet = data.input("xNet");
  const x = golden.inputs.x === undefined ? undefined : data.input("x");
  const leaves = new Map([["xNet", xNet]]);
  if (x) leaves.set("x", x);
  return { value: metric.forward(xNet, x), leaves };
}
