import type { Command } from "commander";
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DataLoader } from "../data/index.js";
import { readText, writeFileAtomic, writeSafetensors } from "../io/index.js";
import { Rng } from "../random/index.js";
import {
  AdversarialTrainer,
  progressDisplay,
  Trainer,
  type TrainerOptions,
  trainingCharts,
  writeReport,
} from "../train/index.js";
import { buildData, buildParts, type Parts } from "./build.js";
import { readConfig } from "./check-config.js";
import { type CommandResult, type CommonOptions, runCommand, withCommonOptions } from "./command.js";
import { evaluationData, trainingData } from "./data.js";
import { Interrupted, UsageError } from "./errors.js";
import { packageFolder, resultsFolder } from "./paths.js";
import { Place } from "./place.js";

interface TrainCommandOptions extends CommonOptions {
  readonly resume?: string;
  readonly out?: string;
  readonly printSchema?: true;
  readonly printConfig?: true;
}

const startingConfig = join(packageFolder, "examples", "configurations", "start.json");
const schema = join(packageFolder, "schema", "config.schema.json");

/** The configuration to start from, as `--help` shows it. */
const starting = (): string => readFileSync(startingConfig, "utf8").trimEnd();

/** `adjoint train`: trains the network of a configuration. */
export function addTrain(program: Command): void {
  const command = program
    .command("train [config.json]")
    .description("train the network of a configuration file (keys and names: docs/configuration.md)")
    .option("--out <folder>", "folder of the results, instead of the configuration's")
    .option("--resume <checkpoint>", "continue exactly from a checkpoint")
    .option("--print-config", "print a configuration to start from, which runs as it is")
    .option("--print-schema", "print the JSON schema of configurations, by which editors complete them");
  withCommonOptions(command).action(async (path: string | undefined, options: TrainCommandOptions) => {
    if (options.printSchema || options.printConfig) {
      process.stdout.write(await readText(options.printSchema ? schema : startingConfig));
      return;
    }
    await runCommand(options, (checked, signal) => train(path, checked, signal));
  });
  command.addHelpText(
    "after",
    () => `\nA configuration to start from (adjoint train --print-config > config.json):\n\n${starting()}`,
  );
}

async function train(
  path: string | undefined,
  options: TrainCommandOptions,
  signal: AbortSignal,
): Promise<CommandResult> {
  if (path === undefined)
    throw new UsageError(
      "adjoint train: config.json is missing; adjoint train --print-config > config.json makes one to start from.",
      "missing_argument",
    );
  const config = await readConfig(path);
  const place = new Place(path);
  const folder = options.out ?? resultsFolder(path, config["out"]);
  const rng = new Rng(options.seed);
  const parts = await buildParts(config, rng.fork(), place, dirname(path));
  const data = await buildData(config, place, dirname(path));
  const { batchSize = 8 } = parts.further;
  const trainData = new DataLoader({
    dataset: await trainingData(data, place.key("data"), batchSize, parts.physics),
    batchSize,
    shuffle: true,
    rng: rng.fork(),
  });
  const evalData = await evaluationData(data);
  const checkpoint = join(folder, "checkpoint.safetensors");
  const progress = await progressDisplay();
  const trainer = makeTrainer(parts, {
    trainData,
    ...(evalData ? { evalData } : {}),
    checkpoint: {
      path: checkpoint,
      ...(parts.further.checkpointEvery ? { every: parts.further.checkpointEvery } : {}),
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
    throw new Interrupted(`interrupted at step ${trainer.step}; continue with --resume ${checkpoint}`, error.signal);
  } finally {
    progress.stop();
  }
  return await conclude(trainer, parts, { path, folder, seed: options.seed });
}

/** What a training is run with besides the parts of a configuration. */
type Given = Pick<TrainerOptions, "trainData" | "evalData" | "checkpoint" | "historyPath" | "rng" | "onProgress">;

function makeTrainer({ adversarial, further, ...parts }: Parts, given: Given): Trainer {
  const { batchSize: _, checkpointEvery: __, out: ___, ...rest } = further;
  const options = { ...rest, ...parts, ...given };
  return adversarial ? new AdversarialTrainer({ ...options, ...adversarial }) : new Trainer(options);
}

/** Writes weights, curve and report. */
async function conclude(
  trainer: Trainer,
  parts: Parts,
  { path, folder, seed }: { readonly path: string; readonly folder: string; readonly seed: number },
): Promise<CommandResult> {
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
      model: parts.model.constructor.name,
      physics: parts.physics.constructor.name,
      losses: parts.losses.map(({ loss }) => loss.name).join(", "),
      seed,
    },
  });
  return {
    text: `${folder}: ${trainer.step} steps, loss ${last?.loss?.toPrecision(3)}${metricTexts.join("")}`,
    json: { folder, steps: trainer.step, epochs: trainer.epoch, loss: last?.loss, evalMetrics },
  };
}
