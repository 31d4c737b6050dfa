import type { Command } from "commander";
import { basename, dirname, extname, isAbsolute, join } from "node:path";
import { DataLoader, type Dataset, ImageFolder, PatchDataset, type Sample, UnclippedDataset } from "../data/index.js";
import { readSafetensors, writeFileAtomic, writeSafetensors } from "../io/index.js";
import type { Reconstructor } from "../nn/index.js";
import { StackedPhysics } from "../physics/index.js";
import { Rng } from "../random/index.js";
import {
  type AnyPhysics,
  evaluate,
  progressDisplay,
  type TestResult,
  Trainer,
  trainingCharts,
  writeReport,
} from "../train/index.js";
import { buildParts } from "./build.js";
import { type CommandResult, type CommonOptions, runCommand, withCommonOptions } from "./command.js";
import { type Config, readConfig } from "./config.js";
import { Interrupted, UsageError } from "./errors.js";
import { textTable } from "./table.js";

interface TrainCommandOptions extends CommonOptions {
  readonly resume?: string;
  readonly out?: string;
}

interface TestCommandOptions extends CommonOptions {
  readonly weights?: string;
}

/** `adjoint train`: trains the network of a configuration. */
export function addTrain(program: Command): void {
  const command = program
    .command("train <config.json>")
    .description("train the network of a configuration file (keys: docs/configuration.md)")
    .option("--out <folder>", "folder of the results, instead of the configuration's")
    .option("--resume <checkpoint>", "continue exactly from a checkpoint");
  withCommonOptions(command).action(async (path: string, options: TrainCommandOptions) => {
    await runCommand(options, (checked, signal) => train(path, checked, signal));
  });
}

/** `adjoint test`: evaluates trained weights on the evaluation images of a configuration. */
export function addTest(program: Command): void {
  const command = program
    .command("test <config.json>")
    .description("evaluate a trained network on the evaluation images of a configuration file")
    .option("--weights <file>", "safetensors file (default: model.safetensors in the configuration's results)");
  withCommonOptions(command).action(async (path: string, options: TestCommandOptions) => {
    await runCommand(options, (checked) => test(path, checked));
  });
}

async function train(path: string, options: TrainCommandOptions, signal: AbortSignal): Promise<CommandResult> {
  const config = await readConfig(path);
  const folder = options.out ?? resultsFolder(config, path);
  const rng = new Rng(options.seed);
  const parts = buildParts(config, rng.fork());
  const { batchSize = 8 } = config;
  const trainData = new DataLoader({
    dataset: await trainingData(config, path, batchSize, parts.physics),
    batchSize,
    shuffle: true,
    rng: rng.fork(),
  });
  const evalData = await evaluationData(config, path);
  const checkpoint = join(folder, "checkpoint.safetensors");
  const progress = await progressDisplay();
  const trainer = new Trainer({
    ...parts,
    ...pick(config, ["epochs", "maxSteps", "gradClip", "earlyStop", "scheduleEvery"]),
    trainData,
    ...(evalData ? { evalData } : {}),
    checkpoint: {
      path: checkpoint,
      ...(config.checkpointEvery === undefined ? {} : { every: config.checkpointEvery }),
    },
    historyPath: join(folder, "history.jsonl"),
    rng,
    onProgress: (state) => progress.update(state),
  });
  if (options.resume !== undefined) await trainer.resume(options.resume);
  try {
    await trainer.train({ signal });
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    throw new Interrupted(`interrupted at step ${trainer.step}; continue with --resume ${checkpoint}`);
  } finally {
    progress.stop();
  }
  await writeSafetensors(join(folder, "model.safetensors"), parts.model.stateDict());
  const charts = trainingCharts(trainer.history);
  await writeFileAtomic(join(folder, "loss.svg"), charts[0] as string);
  const last = trainer.history.filter(({ loss }) => loss !== undefined).at(-1);
  const evalMetrics = trainer.history.filter((entry) => entry.evalMetrics).at(-1)?.evalMetrics;
  const metricTexts = Object.entries(evalMetrics ?? {}).map(([name, value]) => `, ${name} ${value.toFixed(3)}`);
  await writeReport(join(folder, "report.html"), {
    title: `Training: ${basename(path)}`,
    intro: `${trainer.step} steps, ${trainer.epoch} epochs${metricTexts.join("")}.`,
    tables: [],
    figures: [],
    charts,
    details: {
      model: config.model.name,
      physics: config.physics.name,
      losses: config.losses.map(({ name }) => name).join(", "),
      seed: options.seed,
    },
  });
  return {
    text: `${folder}: ${trainer.step} steps, loss ${last?.loss?.toPrecision(3)}${metricTexts.join("")}`,
    json: { folder, steps: trainer.step, epochs: trainer.epoch, loss: last?.loss, evalMetrics },
  };
}

async function test(path: string, options: TestCommandOptions): Promise<CommandResult> {
  const config = await readConfig(path);
  // The same stream as in training, so that drawn masks are the same.
  const parts = buildParts(config, new Rng(options.seed).fork());
  const data = await evaluationData(config, path);
  if (!data)
    throw new UsageError(`${path}: data.eval is missing, expected a folder of clean images.`, "missing_argument");
  const weights = options.weights ?? join(resultsFolder(config, path), "model.safetensors");
  parts.model.loadStateDict(await readSafetensors(weights));
  const model = parts.losses.reduce<Reconstructor>((adapted, { loss }) => loss.adaptModel(adapted), parts.model);
  const result = await evaluate({
    model,
    physics: parts.physics,
    data,
    metrics: parts.metrics,
    rng: new Rng(options.seed),
  });
  return { text: describeResult(result), json: { weights, images: data.length, ...result } };
}

function describeResult({ metrics, measurement }: TestResult): string {
  const cell = (summary: TestResult["metrics"][string] | undefined): string =>
    summary
      ? `${summary.mean.toFixed(3)} +- ${summary.std.toFixed(3)}` +
        (summary.leftOut > 0 ? ` (${summary.leftOut} left out)` : "")
      : "";
  const rows = Object.entries(metrics).map(([name, summary]) => [name, cell(measurement[name]), cell(summary)]);
  return textTable([["metric", "measurement", "reconstruction"], ...rows]);
}

async function trainingData(config: Config, path: string, batchSize: number, physics: AnyPhysics): Promise<Dataset> {
  const { train: folder, holds, patch, patchesPerEpoch } = config.data;
  const images = await openFolder(config, folder, path);
  const dataset: Dataset = holds === "measurements" ? asMeasurements(images) : images;
  const samples =
    patch === undefined
      ? dataset
      : new PatchDataset({ dataset, size: patch, length: patchesPerEpoch ?? 100 * batchSize });
  // Image files clip noise at black and white: UnclippedDataset redraws what was clipped, where the noise is known.
  if (holds !== "measurements") return samples;
  if (physics instanceof StackedPhysics)
    throw new UsageError(
      `${path}: data.holds is "measurements", but stacked physics measures several tensors per image.`,
      "invalid_argument",
    );
  const { noiseModel, operator } = physics;
  const known =
    ["denoising", "blur", "blurFFT"].includes(operator) && ["gaussian", "poisson", "gamma"].includes(noiseModel.kind);
  return known ? new UnclippedDataset({ dataset: samples, noiseModel }) : samples;
}

async function evaluationData(config: Config, path: string): Promise<Dataset | undefined> {
  return config.data.eval === undefined ? undefined : await openFolder(config, config.data.eval, path);
}

async function openFolder({ data }: Config, folder: string, path: string): Promise<ImageFolder> {
  return await ImageFolder.open({ path: resolvePath(path, folder), ...pick(data, ["channels", "size"]) });
}

/** The images of a folder as measurements. */
function asMeasurements(images: ImageFolder): Dataset {
  return {
    length: images.length,
    async get(index: number): Promise<Sample> {
      const { x } = await images.get(index);
      return x ? { y: x } : {};
    },
  };
}

function resultsFolder(config: Config, path: string): string {
  return config.out === undefined ? join("results", basename(path, extname(path))) : resolvePath(path, config.out);
}

/** A path in a configuration, resolved against the configuration's folder. */
function resolvePath(configPath: string, path: string): string {
  return isAbsolute(path) ? path : join(dirname(configPath), path);
}

/** The entries of an object under some keys, without those that are undefined. */
function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> {
  return Object.fromEntries(keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]])) as Pick<T, K>;
}
