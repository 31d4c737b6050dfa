import type { Command } from "commander";
import { join } from "node:path";
import { encodePng, writeFileAtomic, writeSafetensors } from "../io/index.js";
import { PSNR } from "../metric/index.js";
import { Rng } from "../random/index.js";
import { cat, full, type Tensor } from "../tensor/index.js";
import { duration, evaluate, type HistoryEntry, lineChart, progressDisplay, writeReport } from "../train/index.js";
import {
  type CommandResult,
  type CommonOptions,
  Interrupted,
  positiveWholeNumber,
  run,
  textTable,
  withCommonOptions,
} from "./common.js";
import { batchSize, makeRun, openPhotographs, type Photographs, type Run, secondsPerStep, sigma } from "./demo.js";

interface StartOptions extends CommonOptions {
  readonly steps?: number;
  readonly out?: string;
}

/** What one training came to. */
interface Outcome {
  readonly label: string;
  readonly history: readonly HistoryEntry[];
  /** PSNR of each held-back image. */
  readonly psnr: readonly number[];
  readonly noisyPsnr: readonly number[];
  readonly images: readonly { readonly x: Tensor; readonly y: Tensor; readonly xNet: Tensor }[];
  readonly seconds: number;
}

/** Seconds both trainings may take together where `--steps` is not given. */
const budget = 220;
const labels = { unsupervised: "trained without ground truth", supervised: "trained with ground truth" };

/** `adjoint start`, the demonstration behind `npm start`. */
export function addStart(program: Command): void {
  const command = program
    .command("start", { hidden: true })
    .description("train a denoiser on the bundled photographs, without and with ground truth, and compare")
    .option("--steps <n>", "steps of each training (default: as many as fit about four minutes)", positiveWholeNumber)
    .option("--out <folder>", "where the results are written (default: results/<date>)");
  withCommonOptions(command).action(async (options: StartOptions) => {
    await run(options, start);
  });
}

async function start(options: StartOptions, signal: AbortSignal): Promise<CommandResult> {
  const started = performance.now();
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const photographs = await openPhotographs();
  const folder = options.out ?? join("results", new Date().toISOString().slice(0, 19).replaceAll(":", "-"));
  const steps = options.steps ?? (await chooseSteps(photographs, options.seed, say));
  say(
    `${photographs.train.length} photographs to train on, ${photographs.test.length} held back; noise ${sigma}; ${steps} steps of ${batchSize} patches each`,
  );

  const outcomes: Outcome[] = [];
  for (const groundTruth of [false, true]) {
    outcomes.push(await trainOnce({ photographs, groundTruth, steps, seed: options.seed, folder, signal }));
  }
  const [unsupervised, supervised] = outcomes as [Outcome, Outcome];
  const rows = [
    row("noisy", unsupervised.noisyPsnr),
    row(unsupervised.label, unsupervised.psnr),
    row(supervised.label, supervised.psnr),
  ];
  const columns = ["PSNR in dB, on images not trained on", ...photographs.names, "mean"];
  const seconds = (performance.now() - started) / 1000;
  await writeResults({
    folder,
    outcomes: [unsupervised, supervised],
    photographs,
    columns,
    rows,
    steps,
    seed: options.seed,
    device: options.device,
    seconds,
  });
  const json = {
    steps,
    seed: options.seed,
    folder,
    seconds,
    psnr: {
      noisy: mean(unsupervised.noisyPsnr),
      withoutGroundTruth: mean(unsupervised.psnr),
      withGroundTruth: mean(supervised.psnr),
    },
  };
  return {
    text: `\n${textTable([columns, ...rows])}\n\n${steps} steps each, ${duration(seconds)} in all. Open ${join(folder, "report.html")}`,
    json,
  };
}

async function chooseSteps(photographs: Photographs, seed: number, say: (line: string) => void): Promise<number> {
  say("measuring the speed of this machine ...");
  const { unsupervised, supervised } = await secondsPerStep(photographs, seed);
  return Math.min(20_000, Math.max(20, 10 * Math.floor(budget / (unsupervised + supervised) / 10)));
}

interface TrainOnce {
  readonly photographs: Photographs;
  readonly groundTruth: boolean;
  readonly steps: number;
  readonly seed: number;
  readonly folder: string;
  readonly signal: AbortSignal;
}

async function trainOnce({ photographs, groundTruth, steps, seed, folder, signal }: TrainOnce): Promise<Outcome> {
  const started = performance.now();
  const label = groundTruth ? labels.supervised : labels.unsupervised;
  const progress = await progressDisplay({ label: groundTruth ? "with ground truth   " : "without ground truth" });
  const training = makeRun({ photographs, groundTruth, steps, seed, onProgress: (state) => progress.update(state) });
  try {
    await training.trainer.train({ signal });
  } catch (error) {
    progress.stop();
    if (!(error instanceof Interrupted)) throw error;
    const checkpoint = join(folder, "checkpoint.safetensors");
    await training.trainer.save(checkpoint);
    throw new Interrupted(`interrupted; checkpoint: ${checkpoint}`);
  }
  progress.stop();
  const seconds = (performance.now() - started) / 1000;
  const images: Outcome["images"][number][] = [];
  const { psnr, noisyPsnr } = await measureHeldBack(training, photographs, seed, images);
  const name = groundTruth ? "model-with-ground-truth.safetensors" : "model.safetensors";
  const weights = training.model.stateDict();
  await writeSafetensors(join(folder, name), weights);
  for (const value of Object.values(weights)) value.dispose();
  training.dispose();
  return { label, history: training.trainer.history, psnr, noisyPsnr, images, seconds };
}

/** Both trainings are measured on the same noise. */
async function measureHeldBack(
  { trainer, physics }: Run,
  photographs: Photographs,
  seed: number,
  images: { x: Tensor; y: Tensor; xNet: Tensor }[],
): Promise<{ psnr: readonly number[]; noisyPsnr: readonly number[] }> {
  const result = await evaluate({
    model: trainer.model,
    physics,
    data: photographs.test,
    metrics: [new PSNR()],
    rng: new Rng(seed + 1),
    onBatch: async ({ x, y, xNet }) => void images.push({ x: x.clone(), y: y.clone(), xNet: xNet.clone() }),
  });
  return { psnr: result.metrics["PSNR"]?.values ?? [], noisyPsnr: result.measurement["PSNR"]?.values ?? [] };
}

interface Results {
  readonly folder: string;
  readonly outcomes: readonly [Outcome, Outcome];
  readonly photographs: Photographs;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly steps: number;
  readonly seed: number;
  readonly device: string;
  readonly seconds: number;
}

async function writeResults({
  folder,
  outcomes,
  photographs,
  columns,
  rows,
  steps,
  seed,
  device,
  seconds,
}: Results): Promise<void> {
  const [unsupervised, supervised] = outcomes;
  const figures = [];
  for (const [index, name] of photographs.names.entries()) {
    const { x, y, xNet } = unsupervised.images[index] as Outcome["images"][number];
    const other = (supervised.images[index] as Outcome["images"][number]).xNet;
    const labelled = [
      { label: `noisy, ${decibel(unsupervised.noisyPsnr[index])}`, image: y },
      { label: `${unsupervised.label}, ${decibel(unsupervised.psnr[index])}`, image: xNet },
      { label: `${supervised.label}, ${decibel(supervised.psnr[index])}`, image: other },
      { label: "ground truth", image: x },
    ];
    const gap = full([1, 1, x.shape[2] as number, 4], 1);
    const strip = cat(
      labelled.flatMap(({ image }, i) => (i === 0 ? [image] : [gap, image])),
      3,
    );
    await writeFileAtomic(join(folder, `before-after-${name}.png`), await encodePng(strip));
    figures.push({
      caption: `${name} (held back from training)`,
      images: await Promise.all(labelled.map(async ({ label, image }) => ({ label, png: await encodePng(image) }))),
    });
    for (const value of [gap, strip]) value.dispose();
  }
  const curve = (pick: (entry: HistoryEntry) => number | undefined) =>
    outcomes.map(({ label, history }) => ({
      label,
      points: smooth(history.map((entry) => ({ x: entry.step, y: pick(entry) ?? Number.NaN }))),
    }));
  const loss = lineChart({
    title: "Loss during training",
    xLabel: "step",
    yLabel: "loss (log)",
    logarithmic: true,
    series: curve(({ loss: value }) => value),
  });
  const psnr = lineChart({
    title: "PSNR of training patches",
    xLabel: "step",
    yLabel: "PSNR in dB",
    series: curve(({ trainMetrics }) => trainMetrics?.["PSNR"]),
  });
  await writeFileAtomic(join(folder, "loss.svg"), loss);
  const lines = outcomes.flatMap(({ label, history }) =>
    history.map((entry) => `${JSON.stringify({ run: label, ...entry })}\n`),
  );
  await writeFileAtomic(join(folder, "history.jsonl"), lines.join(""));
  await writeReport(join(folder, "report.html"), {
    title: "A denoiser trained without ground truth",
    intro:
      `The same network was trained twice on noisy patches of ${photographs.train.length} photographs: once from the noisy patches alone, by Stein's unbiased ` +
      "risk estimate (SureGaussianLoss), and once with the clean patches (SupLoss). Both are measured on photographs that neither has seen.",
    tables: [{ caption: "Mean over the held-back images in the last column", columns, rows }],
    figures,
    charts: [loss, psnr],
    details: {
      network: "DnCNN, depth 7, 32 features, last convolution zero at the start",
      noise: `Gaussian, standard deviation ${sigma}`,
      batch: `${batchSize} grey patches`,
      steps,
      optimiser: "Adam, learning rate 0.002, cosine schedule",
      seed,
      device,
      time: `${duration(seconds)} (${duration(unsupervised.seconds)} without, ${duration(supervised.seconds)} with ground truth)`,
    },
  });
}

/** A running mean over five points: single batches differ more than what is to be seen. */
function smooth(points: readonly { x: number; y: number }[]): { x: number; y: number }[] {
  return points.map(({ x }, index) => {
    const near = points.slice(Math.max(0, index - 2), index + 3);
    return { x, y: mean(near.map(({ y }) => y)) };
  });
}

function row(label: string, values: readonly number[]): string[] {
  return [label, ...[...values, mean(values)].map((value) => value.toFixed(2))];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function decibel(value: number | undefined): string {
  return `${(value ?? Number.NaN).toFixed(2)} dB`;
}
