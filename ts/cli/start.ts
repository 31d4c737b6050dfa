import type { Command } from "commander";
import { join } from "node:path";
import { withLocks, writeSafetensors } from "../io/index.js";
import { PSNR } from "../metric/index.js";
import { Rng } from "../random/index.js";
import type { Tensor } from "../tensor/index.js";
import { formatDuration, textTable } from "../text/index.js";
import { evaluate, progressDisplay } from "../train/index.js";
import { positiveWholeNumber } from "./arguments.js";
import { type CommandResult, type CommonOptions, runCommand, withCommonOptions } from "./command.js";
import { batchSize, makeRun, openPhotographs, type Photographs, type Run, secondsPerStep, sigma } from "./demo.js";
import { mean, type Outcome, psnrTable, writeResults } from "./demo-results.js";
import { Interrupted } from "./errors.js";

interface StartOptions extends CommonOptions {
  readonly steps?: number;
  readonly out?: string;
}

/** Seconds of both trainings together where `--steps` is not given. */
const timeBudget = 220;
const labels = { unsupervised: "trained without ground truth", supervised: "trained with ground truth" };

/** `adjoint start`, the demonstration behind `npm start`. */
export function addStart(program: Command): void {
  const command = program
    .command("start", { hidden: true })
    .description("train a denoiser on the bundled photographs, without and with ground truth, and compare")
    .option("--steps <n>", "steps of each training (default: as many as fit about four minutes)", positiveWholeNumber)
    .option("--out <folder>", "folder of the results (default: results/<date>)");
  withCommonOptions(command).action(async (options: StartOptions) => {
    const folder = options.out ?? join("results", new Date().toISOString().slice(0, 19).replaceAll(":", "-"));
    // A place that cannot be written is refused before minutes of training.
    await runCommand(options, async (checked, signal) =>
      withLocks("adjoint start", [`${folder}/`], async () => await start(folder, checked, signal)),
    );
  });
}

async function start(folder: string, options: StartOptions, signal: AbortSignal): Promise<CommandResult> {
  const started = performance.now();
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const photographs = await openPhotographs();
  const steps = options.steps ?? (await chooseSteps(photographs, options.seed, say));
  const { seed, device } = options;
  say(
    `${photographs.train.length} photographs to train on, ${photographs.test.length} held back; ` +
      `noise ${sigma}; ${steps} steps of ${batchSize} patches each`,
  );

  const unsupervised = await trainOnce({ photographs, groundTruth: false, steps, seed, folder, signal });
  const supervised = await trainOnce({ photographs, groundTruth: true, steps, seed, folder, signal });
  const table = psnrTable(photographs.names, unsupervised, supervised);
  const seconds = (performance.now() - started) / 1000;
  const { names, train } = photographs;
  const settings = { steps, seed, device, seconds, trainingImages: train.length };
  await writeResults(folder, { unsupervised, supervised, names, table, settings });
  const psnr = {
    noisy: mean(unsupervised.noisyPsnr),
    withoutGroundTruth: mean(unsupervised.psnr),
    withGroundTruth: mean(supervised.psnr),
  };
  return {
    text:
      `\n${textTable([table.columns, ...table.rows])}\n\n${steps} steps each, ${formatDuration(seconds)} in all. ` +
      `Open ${join(folder, "report.html")}`,
    json: { steps, seed, folder, seconds, psnr },
  };
}

async function chooseSteps(photographs: Photographs, seed: number, say: (line: string) => void): Promise<number> {
  say("measuring the speed of this machine ...");
  const { unsupervised, supervised } = await secondsPerStep(photographs, seed);
  return Math.min(20_000, Math.max(20, 10 * Math.floor(timeBudget / (unsupervised + supervised) / 10)));
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
  const run = makeRun({ photographs, groundTruth, steps, seed, onProgress: (state) => progress.update(state) });
  try {
    await run.trainer.train({ signal });
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    const checkpoint = join(folder, "checkpoint.safetensors");
    await run.trainer.save(checkpoint);
    throw new Interrupted(`interrupted; checkpoint: ${checkpoint}`, error.signal);
  } finally {
    progress.stop();
  }
  const seconds = (performance.now() - started) / 1000;
  const evaluation = await evaluateHeldBack(run, photographs, seed);
  const name = groundTruth ? "model-with-ground-truth.safetensors" : "model.safetensors";
  const weights = run.model.stateDict();
  await writeSafetensors(join(folder, name), weights);
  for (const value of Object.values(weights)) value.dispose();
  run.dispose();
  return { label, history: run.trainer.history, seconds, ...evaluation };
}

/** Evaluates both trainings on the same noise. */
async function evaluateHeldBack(
  { trainer, physics }: Run,
  photographs: Photographs,
  seed: number,
): Promise<Pick<Outcome, "psnr" | "noisyPsnr" | "images">> {
  const images: { x: Tensor; y: Tensor; xNet: Tensor }[] = [];
  const result = await evaluate({
    model: trainer.model,
    physics,
    data: photographs.test,
    metrics: [new PSNR()],
    rng: new Rng(seed + 1),
    onBatch: async ({ x, y, xNet }) => void images.push({ x: x.clone(), y: y.clone(), xNet: xNet.clone() }),
  });
  const [psnr, noisyPsnr] = [result.metrics["PSNR"]?.values ?? [], result.measurement["PSNR"]?.values ?? []];
  return { psnr, noisyPsnr, images };
}
