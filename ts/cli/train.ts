import type { Command } from "commander";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { DataLoader, type Dataset, type Measurement } from "../data/index.js";
import { local } from "../distributed/index.js";
import { readText, withLocks, writeFileAtomic, writeSafetensors } from "../io/index.js";
import type { StateDict } from "../nn/index.js";
import { Rng } from "../random/index.js";
import {
  AdversarialTrainer,
  progressDisplay,
  Trainer,
  type TrainerOptions,
  trainingCharts,
  trainingReport,
  writeReport,
} from "../train/index.js";
import { buildData, buildParts, type Parts } from "./build.js";
import { readConfig } from "./check-config.js";
import { type CommandResult, type CommonOptions, runCommand, withCommonOptions } from "./command.js";
import { evaluationData, list, oneOf, trainingData } from "./data.js";
import { Interrupted, UsageError } from "./errors.js";
import { exists, isFolder } from "./folder.js";
import { isFirst, launchedGroup } from "./launched-group.js";
import { configFolder, packageFolder, resultsFolder } from "./paths.js";
import { Place, placed } from "./place.js";
import { saveTrained } from "./save-pretrained.js";
import { describeTraining, folderFrom, trainingMetadata } from "./trained.js";

interface TrainCommandOptions extends CommonOptions {
  readonly resume?: string;
  readonly out?: string;
  readonly overlap?: true;
  readonly savePretrained?: string;
  readonly printSchema?: true;
  readonly printConfig?: true;
}

const startingConfig = join(packageFolder, "examples", "configurations", "start.json");
const schema = join(packageFolder, "docs", "config.schema.json");

/** The configuration to start from, as `--help` shows it. */
const starting = (): string => readFileSync(startingConfig, "utf8").trimEnd();

/** `adjoint train`: trains the network of a configuration. */
export function addTrain(program: Command): void {
  const command = program
    .command("train [config.json]")
    .description("train the network of a configuration file (keys and names: docs/configuration.md)")
    .option("--out <folder>", "folder of the results, instead of the configuration's")
    .option(
      "--save-pretrained <folder>",
      "also write the network as Hugging Face lays models out: config.json, model.safetensors, README.md",
    )
    .option("--resume <checkpoint>", "continue exactly from a checkpoint")
    .option(
      "--overlap",
      "on several ranks, exchange gradients during the backward pass, for slow networks (docs/clusters.md)",
    )
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
): Promise<CommandResult | undefined> {
  if (path === undefined)
    throw new UsageError(
      "adjoint train: config.json is missing; adjoint train --print-config > config.json makes one to start from.",
      "missing_argument",
    );
  const { savePretrained: saved } = options;
  if (saved !== undefined && exists(saved) && !isFolder(saved))
    throw new UsageError(`--save-pretrained is ${saved}, which is a file; expected a folder.`, "invalid_argument");
  const launched = await launchedGroup({ overlap: options.overlap ?? false });
  const config = await readConfig(path);
  // Alone, a group of one: the same bits as on several ranks.
  const group = launched ?? (config["syncBatchNorm"] === true ? local(1)[0] : undefined);
  const first = isFirst(group);
  const place = new Place(path);
  const folder = options.out ?? resultsFolder(path, config["out"]);
  const rng = new Rng(options.seed);
  const ownFolder = configFolder(path);
  const parts = await buildParts(config, rng.fork(), place, ownFolder);
  const data = await buildData(config, rng.fork(), place, ownFolder);
  const { batchSize = 8 } = parts.further;
  const loader = (dataset: Dataset<Measurement>): DataLoader<Measurement> =>
    new DataLoader({ dataset, batchSize, shuffle: true, rng: rng.fork() });
  const trainData = await trainingData(data, place.key("data"), batchSize, parts.physics);
  const evalData = await evaluationData(data, place.key("data"));
  const files = filesIn(folder);
  signal.throwIfAborted();
  const progress = await progressDisplay();
  const [dataset] = list(data.train);
  const from = { folder: folderFrom(folder, path), seed: options.seed, dataset };
  const training = await describeTraining(config, from);
  const metadata = trainingMetadata(training);
  const trainer = makeTrainer(place, parts, {
    trainData: oneOf(trainData.map(loader)),
    // The best weights are those of an evaluation.
    ...(evalData.length > 0
      ? { evalData: oneOf(evalData), best: { ...parts.further.best, path: files.model, metadata } }
      : {}),
    checkpoint: {
      path: files.checkpoint,
      ...(parts.further.checkpointEvery ? { every: parts.further.checkpointEvery } : {}),
    },
    historyPath: files.history,
    rng,
    onProgress: (state) => progress.update(state),
    ...(group ? { group } : {}),
  });
  const run = { path, folder, seed: options.seed, evalData, signal, metadata };
  try {
    // The folder's, since more is written than the Trainer does.
    return await withLocks("adjoint train", first ? [`${folder}/`] : [], async () => {
      if (options.resume !== undefined) await trainer.resume(options.resume);
      await trainer.train({ signal });
      progress.stop();
      if (!first) return undefined;
      const pretrained = options.savePretrained;
      if (pretrained !== undefined) {
        const datasets = list(data.train);
        await saveTrained(pretrained, { path, config, training, trainer, parts, datasets, seed: options.seed });
      }
      return await conclude(trainer, parts, run);
    });
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    const text = `interrupted at step ${trainer.step}; continue with --resume ${files.checkpoint}`;
    throw new Interrupted(text, error.signal);
  } finally {
    progress.stop();
  }
}

/** What a training is run with besides the parts of a configuration. */
type Given = Pick<
  TrainerOptions,
  "trainData" | "evalData" | "best" | "checkpoint" | "historyPath" | "rng" | "onProgress" | "group"
>;

function makeTrainer(place: Place, { adversarial, further, ...parts }: Parts, given: Given): Trainer {
  const { batchSize: _, checkpointEvery: __, out: ___, ...rest } = further;
  const options = { ...rest, ...parts, ...given };
  try {
    return adversarial ? new AdversarialTrainer({ ...options, ...adversarial }) : new Trainer(options);
  } catch (error) {
    throw placed(place, error);
  }
}

/** The files of a training. */
const filesIn = (folder: string) => ({
  checkpoint: join(folder, "checkpoint.safetensors"),
  history: join(folder, "history.jsonl"),
  model: join(folder, "model.safetensors"),
  last: join(folder, "last.safetensors"),
  curve: join(folder, "loss.svg"),
  report: join(folder, "report.html"),
});

/** Where a training came from, and what its report needs. */
interface Run {
  readonly path: string;
  readonly folder: string;
  readonly seed: number;
  readonly evalData: readonly Dataset<Measurement>[];
  readonly signal: AbortSignal;
  /** What the files of weights say of the training. */
  readonly metadata: Record<string, string>;
}

/** Writes weights, curve and report. */
async function conclude(trainer: Trainer, parts: Parts, run: Run): Promise<CommandResult> {
  const { path, folder, seed, evalData, signal, metadata } = run;
  const files = filesIn(folder);
  const last = trainer.lastWeights();
  await writeWeights(files.last, last, metadata);
  const { best } = trainer;
  // With `restore: false` the model has the last weights, and the file of the best ones is written already.
  const written = parts.further.best?.restore === false && best !== null;
  if (!written) await writeWeights(files.model, parts.model.stateDict(), metadata);
  await writeFileAtomic(files.curve, trainingCharts(trainer.history)[0] as string);
  const lastLoss = trainer.history.filter(({ loss }) => loss !== undefined).at(-1)?.loss;
  const evalMetrics = trainer.history.filter((entry) => entry.evalMetrics).at(-1)?.evalMetrics;
  const metricTexts = Object.entries(evalMetrics ?? {}).map(([name, value]) => `, ${name} ${value.toFixed(3)}`);
  const bestText = best ? `; best ${best.name} ${best.value.toPrecision(5)} at step ${best.step}` : "";
  // A report compares with the baselines where there is one set of evaluation data, and so one physics.
  const evaluated = evalData.length === 1 ? evalData[0] : undefined;
  const details = {
    model: parts.model.constructor.name,
    physics: list(parts.physics)
      .map((operator) => operator.constructor.name)
      .join(", "),
    losses: parts.losses
      .flat()
      .map(({ loss }) => loss.name)
      .join(", "),
    seed,
  };
  // The checkpoint of the last step is written: resumed from it, only what follows is done again.
  signal.throwIfAborted();
  const report = await trainingReport({
    title: `Training: ${basename(path)}`,
    intro: `${trainer.step} steps, ${trainer.epoch} epochs${metricTexts.join("")}${bestText}.`,
    trainer,
    // Metrics were measured, so the evaluation data have ground truth.
    ...(evalMetrics && evaluated !== undefined ? { result: await trainer.test(evaluated) } : {}),
    details,
  });
  signal.throwIfAborted();
  await writeReport(files.report, report);
  trainer.dispose();
  return {
    text: `${folder}: ${trainer.step} steps, loss ${lastLoss?.toPrecision(3)}${metricTexts.join("")}${bestText}`,
    json: { folder, steps: trainer.step, epochs: trainer.epoch, loss: lastLoss, evalMetrics, best },
  };
}

async function writeWeights(path: string, weights: StateDict, metadata: Record<string, string>): Promise<void> {
  await writeSafetensors(path, weights, metadata);
  for (const value of Object.values(weights)) value.dispose();
}
