import { lineChart, type Series } from "./chart.js";
import type { HistoryEntry } from "./history.js";

/**
 * The curves of a training as SVG texts, for a report: the loss; where a scheduler chose between losses, the share of
 * steps in which each was used; where a discriminator was trained, its losses.
 */
export function trainingCharts(history: readonly HistoryEntry[]): string[] {
  const read = history.filter(({ loss }) => loss !== undefined);
  const charts = [
    lineChart({
      title: "Loss during training",
      xLabel: "step",
      yLabel: "loss",
      series: [series("loss", read, ({ loss }) => loss)],
    }),
  ];
  const used = namesOf(read, ({ active }) => active);
  if (used.length > 0) {
    const share = used.map((name) =>
      series(name, read, ({ active, step }, before) => (active?.[name] ?? 0) / (step - before)),
    );
    charts.push(lineChart({ title: "Losses in use", xLabel: "step", yLabel: "share of steps", series: share }));
  }
  const critic = namesOf(read, ({ discriminator }) => discriminator);
  if (critic.length > 0) {
    const lines = critic.map((name) => series(name, read, ({ discriminator }) => discriminator?.[name]));
    charts.push(lineChart({ title: "Discriminator", xLabel: "step", yLabel: "loss", series: lines }));
  }
  return charts;
}

/** A line through one number of each entry; `before` is the step of the entry before. */
function series(
  label: string,
  history: readonly HistoryEntry[],
  pick: (entry: HistoryEntry, before: number) => number | undefined,
): Series {
  return {
    label,
    points: history.map((entry, i) => ({ x: entry.step, y: pick(entry, history[i - 1]?.step ?? 0) ?? Number.NaN })),
  };
}

/** All names that occur, in the order in which they first do. */
function namesOf(
  history: readonly HistoryEntry[],
  pick: (entry: HistoryEntry) => Readonly<Record<string, number>> | undefined,
): string[] {
  return [...new Set(history.flatMap((entry) => Object.keys(pick(entry) ?? {})))];
}
