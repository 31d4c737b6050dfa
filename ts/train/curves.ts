import { lineChart, type Series } from "./chart.js";
import { checkHistory, type HistoryEntry } from "./history.js";

/**
 * The curves of a training as SVG texts, for a report: the loss; for schedulers, the share of steps in which each loss
 * was used; for adversarial training, the discriminator's losses; and what was evaluated.
 */
export function trainingCharts(history: readonly HistoryEntry[]): string[] {
  checkHistory("trainingCharts", history);
  const entries = history.filter(({ loss }) => loss !== undefined);
  const charts = [
    lineChart({
      title: "Loss during training",
      xLabel: "step",
      yLabel: "loss",
      series: [series("loss", entries, ({ loss }) => loss)],
    }),
  ];
  const used = namesOf(entries, ({ active }) => active);
  if (used.length > 0) {
    const share = used.map((name) =>
      series(name, entries, ({ active, step }, previous) => (active?.[name] ?? 0) / (step - previous)),
    );
    charts.push(lineChart({ title: "Losses in use", xLabel: "step", yLabel: "share of steps", series: share }));
  }
  const discriminator = namesOf(entries, (entry) => entry.discriminator);
  if (discriminator.length > 0) {
    const lines = discriminator.map((name) => series(name, entries, (entry) => entry.discriminator?.[name]));
    charts.push(lineChart({ title: "Discriminator", xLabel: "step", yLabel: "loss", series: lines }));
  }
  return [...charts, ...evaluationCharts(history)];
}

/** A chart of each metric and one of the losses on the evaluation data, where they were evaluated more than once. */
function evaluationCharts(history: readonly HistoryEntry[]): string[] {
  const metrics = history.filter(({ evalMetrics }) => evalMetrics);
  const losses = history.filter(({ evalLoss }) => evalLoss !== undefined);
  const chart = (title: string, yLabel: string, lines: Series[]): string =>
    lineChart({ title, xLabel: "step", yLabel, series: lines });
  const ofMetrics = namesOf(metrics, ({ evalMetrics }) => evalMetrics).map((name) =>
    chart(`${name} on the evaluation data`, name, [series(name, metrics, ({ evalMetrics }) => evalMetrics?.[name])]),
  );
  const names = namesOf(losses, ({ evalLosses }) => evalLosses);
  const total = names.length > 1 ? [series("weighted sum", losses, ({ evalLoss }) => evalLoss)] : [];
  const each = names.map((name) => series(name, losses, ({ evalLosses }) => evalLosses?.[name]));
  return [
    ...(metrics.length > 1 ? ofMetrics : []),
    ...(losses.length > 1 ? [chart("Losses on the evaluation data", "loss", [...total, ...each])] : []),
  ];
}

/** One number of each entry over the steps; `pick` also gets the step of the previous entry. */
function series(
  label: string,
  history: readonly HistoryEntry[],
  pick: (entry: HistoryEntry, previousStep: number) => number | undefined,
): Series {
  return {
    label,
    points: history.map((entry, i) => ({ x: entry.step, y: pick(entry, history[i - 1]?.step ?? 0) ?? Number.NaN })),
  };
}

/** All names, in the order of their first occurrence. */
function namesOf(
  history: readonly HistoryEntry[],
  pick: (entry: HistoryEntry) => Readonly<Record<string, number>> | undefined,
): string[] {
  return [...new Set(history.flatMap((entry) => Object.keys(pick(entry) ?? {})))];
}
