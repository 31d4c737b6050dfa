import { checkKind, checkObject, checkOptions, checkText, hasMethods } from "../runtime/index.js";
import { trainingCharts } from "./curves.js";
import type { MetricSummaries, TestResult } from "./evaluate.js";
import { checkHistory, type HistoryEntry } from "./history.js";
import type { ReportContent, ReportFigure, ReportTable } from "./report.js";

/** What {@link trainingReport} shows; a {@link Trainer} is such a `trainer`. */
export interface TrainingReportOptions {
  readonly title: string;
  readonly intro: string;
  readonly trainer: {
    readonly history: readonly HistoryEntry[];
    figures(): Promise<ReportFigure[]>;
  };
  /** Of `trainer.test`. Default: no table. */
  readonly result?: TestResult;
  /** Settings of the run. Default: none. */
  readonly details?: ReportContent["details"];
}

/**
 * A report of a training for {@link writeReport}: the test against the baselines, the first evaluation image over the
 * training, and the curves.
 */
export async function trainingReport(options: TrainingReportOptions): Promise<ReportContent> {
  const caller = "trainingReport";
  checkOptions(caller, options, ["title", "intro", "trainer", "result", "details"]);
  const { title, intro, trainer, result, details = {} } = options;
  checkText(caller, "title", title);
  checkText(caller, "intro", intro);
  checkKind(caller, "trainer", trainer, {
    expected: "a Trainer",
    fits: (value) => hasMethods(value, ["figures"]),
  });
  checkHistory(caller, trainer.history);
  if (result !== undefined) checkResult(caller, result);
  checkObject(caller, "details", details);
  return {
    title,
    intro,
    tables: result ? [resultTable(result)] : [],
    figures: await trainer.figures(),
    charts: trainingCharts(trainer.history, result ? { measurement: meansOf(result.measurement) } : {}),
    details,
  };
}

/** Refuses what is no result of a test. */
function checkResult(caller: string, result: TestResult): void {
  checkObject(caller, "result", result);
  checkObject(caller, "result.metrics", result.metrics);
  checkObject(caller, "result.baselines", result.baselines);
  const all = { "result.metrics": result.metrics, ...result.baselines };
  for (const [name, summaries] of Object.entries(all)) {
    checkObject(caller, name, summaries);
    for (const summary of Object.values(summaries)) {
      checkObject(caller, name, summary);
      for (const key of ["mean", "std"] as const)
        checkKind(caller, `${name}.${key}`, summary[key], {
          expected: "a number",
          fits: (value) => typeof value === "number",
        });
    }
  }
}

/** Mean and standard deviation of each metric: a row for the reconstruction and for each baseline. */
function resultTable({ metrics, baselines }: TestResult): ReportTable {
  const names = Object.keys(metrics);
  const cells = (summaries: MetricSummaries): string[] => names.map((name) => cell(summaries[name]));
  const rows: { label: string; cells: string[] }[] = [];
  for (const [label, summaries] of Object.entries(baselines)) {
    // For denoising, measurement, adjoint and pseudo-inverse are one.
    const own = cells(summaries);
    const same = rows.find((row) => row.cells.join() === own.join());
    if (same) same.label += `, ${label}`;
    else rows.push({ label, cells: own });
  }
  rows.push({ label: "reconstruction", cells: cells(metrics) });
  const leftOut = names.flatMap((name) => {
    const count = metrics[name]?.leftOut ?? 0;
    return count > 0 ? [`${name} without ${count} images that it is not defined for`] : [];
  });
  return {
    caption: ["Mean and standard deviation over the test images", ...leftOut].join("; "),
    columns: ["", ...names],
    rows: rows.map(({ label, cells: own }) => [label, ...own]),
  };
}

function meansOf(summaries: MetricSummaries): Record<string, number> {
  return Object.fromEntries(
    Object.entries(summaries).flatMap(([name, { mean }]) => (Number.isFinite(mean) ? [[name, mean]] : [])),
  );
}

function cell(summary: MetricSummaries[string] | undefined): string {
  return summary ? `${summary.mean.toPrecision(4)} ± ${summary.std.toPrecision(2)}` : "";
}
