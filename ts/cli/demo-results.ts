import { join } from "node:path";
import { encodePng, writeFileAtomic } from "../io/index.js";
import { cat, full, type Tensor } from "../tensor/index.js";
import { formatDuration } from "../text/index.js";
import { type HistoryEntry, lineChart, type ReportFigure, type ReportTable, writeReport } from "../train/index.js";
import { batchSize, sigma } from "./demo.js";

/** The outcome of one training of the demonstration. */
export interface Outcome {
  readonly label: string;
  readonly history: readonly HistoryEntry[];
  /** PSNR of each held-back image. */
  readonly psnr: readonly number[];
  readonly noisyPsnr: readonly number[];
  readonly images: readonly { readonly x: Tensor; readonly y: Tensor; readonly xNet: Tensor }[];
  readonly seconds: number;
}

/** What {@link writeResults} writes. */
export interface Results {
  readonly unsupervised: Outcome;
  readonly supervised: Outcome;
  /** Names of the held-back images. */
  readonly names: readonly string[];
  readonly table: Table;
  readonly settings: {
    readonly steps: number;
    readonly seed: number;
    readonly device: string;
    readonly seconds: number;
    readonly trainingImages: number;
  };
}

interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** PSNR of the noisy images and of both trainings, for each held-back image and on average. */
export function psnrTable(names: readonly string[], unsupervised: Outcome, supervised: Outcome): Table {
  const row = (label: string, values: readonly number[]): string[] => [
    label,
    ...[...values, mean(values)].map((value) => value.toFixed(2)),
  ];
  return {
    columns: ["PSNR in dB, on images not trained on", ...names, "mean"],
    rows: [
      row("noisy", unsupervised.noisyPsnr),
      row(unsupervised.label, unsupervised.psnr),
      row(supervised.label, supervised.psnr),
    ],
  };
}

/** Writes before-after-<name>.png, loss.svg, history.jsonl and report.html. */
export async function writeResults(folder: string, results: Results): Promise<void> {
  const { unsupervised, supervised, names, table, settings } = results;
  const figures: ReportFigure[] = [];
  for (const [index, name] of names.entries()) figures.push(await writeComparison(folder, name, index, results));
  const outcomes = [unsupervised, supervised];
  const [loss, psnr] = [lossChart(outcomes), psnrChart(outcomes)];
  await writeFileAtomic(join(folder, "loss.svg"), loss);
  const lines = outcomes.flatMap(({ label, history }) =>
    history.map((entry) => `${JSON.stringify({ run: label, ...entry })}\n`),
  );
  await writeFileAtomic(join(folder, "history.jsonl"), lines.join(""));
  const { steps, seed, device, seconds, trainingImages } = settings;
  const reportTable: ReportTable = { caption: "Mean over the held-back images in the last column", ...table };
  await writeReport(join(folder, "report.html"), {
    title: "A denoiser trained without ground truth",
    intro:
      `The same network was trained twice on patches of ${trainingImages} noisy photographs, one noisy copy of each: ` +
      "once on the noisy patches alone, with Stein's unbiased risk estimate (SureGaussianLoss), and once with the " +
      "clean patches as well (SupLoss). Both are evaluated on photographs that were not used for training.",
    tables: [reportTable],
    figures,
    charts: [loss, psnr],
    details: {
      network: "DnCNN, depth 7, 32 features, last convolution initialised to zero",
      noise: `Gaussian, standard deviation ${sigma}`,
      batch: `${batchSize} grey patches`,
      steps,
      optimiser: "Adam, learning rate 0.002, cosine schedule",
      seed,
      device,
      time:
        `${formatDuration(seconds)} (${formatDuration(unsupervised.seconds)} without, ` +
        `${formatDuration(supervised.seconds)} with ground truth)`,
    },
  });
}

/** Writes before-after-<name>.png, the images of a comparison side by side, and returns them as a figure. */
async function writeComparison(
  folder: string,
  name: string,
  index: number,
  { unsupervised, supervised }: Results,
): Promise<ReportFigure> {
  const { x, y, xNet } = unsupervised.images[index] as Outcome["images"][number];
  const labelled = [
    { label: `noisy, ${decibel(unsupervised.noisyPsnr[index])}`, image: y },
    { label: `${unsupervised.label}, ${decibel(unsupervised.psnr[index])}`, image: xNet },
    {
      label: `${supervised.label}, ${decibel(supervised.psnr[index])}`,
      image: (supervised.images[index] as Outcome["images"][number]).xNet,
    },
    { label: "ground truth", image: x },
  ];
  const gap = full([1, 1, x.shape[2] as number, 4], 1);
  const strip = cat(
    labelled.flatMap(({ image }, i) => (i === 0 ? [image] : [gap, image])),
    3,
  );
  await writeFileAtomic(join(folder, `before-after-${name}.png`), await encodePng(strip));
  for (const value of [gap, strip]) value.dispose();
  return {
    caption: `${name} (held back from training)`,
    images: await Promise.all(labelled.map(async ({ label, image }) => ({ label, png: await encodePng(image) }))),
  };
}

function lossChart(outcomes: readonly Outcome[]): string {
  return lineChart({
    title: "Loss during training",
    xLabel: "step",
    yLabel: "loss (log)",
    logarithmic: true,
    series: curves(outcomes, ({ loss }) => loss),
  });
}

function psnrChart(outcomes: readonly Outcome[]): string {
  return lineChart({
    title: "PSNR of training patches",
    xLabel: "step",
    yLabel: "PSNR in dB",
    series: curves(outcomes, ({ trainMetrics }) => trainMetrics?.["PSNR"]),
  });
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function curves(outcomes: readonly Outcome[], pick: (entry: HistoryEntry) => number | undefined) {
  return outcomes.map(({ label, history }) => ({
    label,
    points: smooth(history.map((entry) => ({ x: entry.step, y: pick(entry) ?? Number.NaN }))),
  }));
}

/** A running mean over five points: the variation between batches would hide the trend. */
function smooth(points: readonly Point[]): Point[] {
  return points.map(({ x }, index) => {
    const near = points.slice(Math.max(0, index - 2), index + 3);
    return { x, y: mean(near.map(({ y }) => y)) };
  });
}

/** The mean of some numbers. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function decibel(value: number | undefined): string {
  return `${(value ?? Number.NaN).toFixed(2)} dB`;
}
