import { lineChart, type Series } from "./chart.js";
import { checkHistory, type HistoryEntry } from "./history.js";

/** Options of {@link trainingCharts}. */
export interface TrainingChartsOptions {
  /** The metrics of the measurement, with which the curves of the reconstruction are compared. Default: none. */
  readonly measurement?: Readonly<Record<string, number>>;
}

/**
 * The curves of a training as SVG texts, for a report: the loss; for schedulers, the share of steps in which each loss
 * was used; for adversarial training, the discriminator's losses; what was evaluated; the first metric on training
 * batches where nothing was evaluated; and the learning rate where it changed.
 *
 * Of many values a running mean is drawn, with the values behind it.
 */
export function trainingCharts(history: readonly HistoryEntry[], options: TrainingChartsOptions = {}): string[] {
  checkHistory("trainingCharts", history);
  const entries = history.filter(({ loss }) => loss !== undefined);
  const charts = [
    lineChart({
      title: "Loss during training",
      xLabel: "step",
      yLabel: "loss",
      series: smoothed(series("loss", entries, ({ loss }) => loss)),
      logarithmic: "auto",
      robust: true,
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
    const looks = { logarithmic: "auto", robust: true } as const;
    charts.push(lineChart({ title: "Discriminator", xLabel: "step", yLabel: "loss", series: lines, ...looks }));
  }
  const evaluated = evaluationCharts(history, options);
  return [
    ...charts,
    ...evaluated,
    ...(evaluated.length === 0 ? batchCharts(entries, options) : []),
    ...rateChart(entries),
  ];
}

/** The metric on training batches, where they have ground truth. */
function batchCharts(entries: readonly HistoryEntry[], options: TrainingChartsOptions): string[] {
  return namesOf(entries, ({ trainMetrics }) => trainMetrics).map((name) =>
    lineChart({
      title: `${name} of training batches`,
      xLabel: "step",
      yLabel: unitOf(name),
      series: smoothed(series(unitOf(name), entries, ({ trainMetrics }) => trainMetrics?.[name])),
      references: referencesOf(name, options),
    }),
  );
}

function rateChart(entries: readonly HistoryEntry[]): string[] {
  const rates = entries.filter(({ learningRate }) => learningRate !== undefined);
  if (new Set(rates.map(({ learningRate }) => learningRate)).size < 2) return [];
  const line = series("learning rate", rates, ({ learningRate }) => learningRate);
  const labels = { title: "Learning rate", xLabel: "step", yLabel: "learning rate" };
  return [lineChart({ ...labels, series: [line], logarithmic: "auto" })];
}

/** PSNR and SNR are in decibels. */
function unitOf(metric: string): string {
  return /^P?SNR$/.test(metric) ? `${metric} in dB` : metric;
}

function referencesOf(metric: string, { measurement }: TrainingChartsOptions) {
  const y = measurement?.[metric];
  return y === undefined ? [] : [{ label: `measurement: ${Number(y.toPrecision(4))}`, y }];
}

/** Values up to this number are drawn as they are. */
const FEW = 40;

/** The values, pale, and their running mean over a tenth; few values as they are. */
function smoothed({ label, points }: Series): Series[] {
  const finite = points.filter(({ y }) => Number.isFinite(y));
  if (finite.length <= FEW) return [{ label, points }];
  const half = Math.ceil(finite.length / 20);
  const means = finite.map(({ x }, i) => {
    // The window is smaller at the ends, so that it stays around its point.
    const reach = Math.min(half, i, finite.length - 1 - i);
    const near = finite.slice(i - reach, i + reach + 1);
    return { x, y: near.reduce((sum, { y }) => sum + y, 0) / near.length };
  });
  return [
    { label, points: finite, faint: true },
    { label, points: means },
  ];
}

/** A chart of each metric and one of the losses on the evaluation data, where they were evaluated more than once. */
function evaluationCharts(history: readonly HistoryEntry[], options: TrainingChartsOptions): string[] {
  const metrics = history.filter(({ evalMetrics }) => evalMetrics);
  const losses = history.filter(({ evalLoss }) => evalLoss !== undefined);
  const ofMetrics = namesOf(metrics, ({ evalMetrics }) => evalMetrics).map((name) =>
    lineChart({
      title: `${name} on the evaluation data`,
      xLabel: "step",
      yLabel: unitOf(name),
      series: [series(unitOf(name), metrics, ({ evalMetrics }) => evalMetrics?.[name])],
      references: referencesOf(name, options),
    }),
  );
  const names = namesOf(losses, ({ evalLosses }) => evalLosses);
  const total = names.length > 1 ? [series("weighted sum", losses, ({ evalLoss }) => evalLoss)] : [];
  const each = names.map((name) => series(name, losses, ({ evalLosses }) => evalLosses?.[name]));
  const ofLosses = lineChart({
    title: "Losses on the evaluation data",
    xLabel: "step",
    yLabel: "loss",
    series: [...total, ...each],
    logarithmic: "auto",
    robust: true,
  });
  return [...(metrics.length > 1 ? ofMetrics : []), ...(losses.length > 1 ? [ofLosses] : [])];
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
