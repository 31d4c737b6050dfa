import type { Command } from "commander";
import { join } from "node:path";
import type { Dataset, Measurement } from "../data/index.js";
import type { Group } from "../distributed/index.js";
import type { Reconstructor } from "../nn/index.js";
import { Rng } from "../random/index.js";
import {
  type AnyPhysics,
  DEFAULT_BASELINES,
  evaluate,
  type MetricSummary,
  type TestResult,
  type WeightedLoss,
} from "../train/index.js";
import { buildData, buildParts, loadWeights, type Parts } from "./build.js";
import { readConfig } from "./check-config.js";
import { type CommandResult, type CommonOptions, runCommand, withCommonOptions } from "./command.js";
import { evaluationData, list } from "./data.js";
import { UsageError } from "./errors.js";
import { isFirst, launchedGroup } from "./launched-group.js";
import { configFolder, resultsFolder } from "./paths.js";
import { Place } from "./place.js";
import { textTable } from "../text/index.js";

interface TestCommandOptions extends CommonOptions {
  readonly weights?: string;
}

/** `adjoint test`: evaluates trained weights on the evaluation images of a configuration. */
export function addTest(program: Command): void {
  const command = program
    .command("test <config.json>")
    .description("evaluate a trained network on the evaluation images of a configuration file")
    .option(
      "--weights <file>",
      "file of weights, .safetensors or .pth (default: model.safetensors in the configuration's results)",
    );
  withCommonOptions(command).action(async (path: string, options: TestCommandOptions) => {
    await runCommand(options, (checked, signal) => test(path, checked, signal));
  });
}

async function test(
  path: string,
  options: TestCommandOptions,
  signal: AbortSignal,
): Promise<CommandResult | undefined> {
  const group = await launchedGroup();
  const config = await readConfig(path);
  const place = new Place(path);
  // The same streams as in training, so that drawn masks are the same.
  const rng = new Rng(options.seed);
  const ownFolder = configFolder(path);
  const parts = await buildParts(config, rng.fork(), place, ownFolder);
  const where = place.key("data").key("eval");
  const sets = await evaluationData(await buildData(config, rng.fork(), place, ownFolder), place.key("data"));
  if (sets.length === 0)
    throw new UsageError(`${where} is missing, expected a folder of clean images, or a dataset.`, "missing_argument");
  const weights = options.weights ?? join(resultsFolder(path, config["out"]), "model.safetensors");
  await loadWeights(parts.model, weights, new Place(weights));
  const physics = list(parts.physics);
  const results: TestResult[] = [];
  for (const i of Array.from({ length: Math.max(sets.length, physics.length) }).keys())
    results.push(
      await evaluateSet(parts, entry(physics, i), entry(sets, i), entry(lossesOfEach(parts), i), {
        seed: options.seed,
        signal,
        group,
      }),
    );
  if (!isFirst(group)) return undefined;
  const images = sets.reduce((sum, { length }) => sum + length, 0);
  return {
    text: results.map(describeResult).join("\n\n"),
    json: results.length === 1 ? { weights, images, ...results[0] } : { weights, images, sets: results },
  };
}

/** The entry for an index: of several that one, of one always it. */
const entry = <T>(values: readonly T[], index: number): T => values[values.length === 1 ? 0 : index] as T;

/** The losses of each data set; one list is that of all. */
function lossesOfEach({ losses }: Parts): readonly (readonly WeightedLoss[])[] {
  return losses.every(Array.isArray)
    ? (losses as readonly (readonly WeightedLoss[])[])
    : [losses as readonly WeightedLoss[]];
}

async function evaluateSet(
  { model, metrics }: Parts,
  physics: AnyPhysics,
  data: Dataset<Measurement>,
  losses: readonly WeightedLoss[],
  { seed, signal, group }: { readonly seed: number; readonly signal: AbortSignal; readonly group: Group | undefined },
): Promise<TestResult> {
  const adapted = losses.reduce<Reconstructor>((inner, { loss }) => loss.adaptModel(inner), model);
  const rng = new Rng(seed);
  const onBatch = async (): Promise<void> => {
    // Signals arrive between batches.
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  };
  const given = { model: adapted, physics, data, metrics, baselines: DEFAULT_BASELINES, rng, onBatch };
  return await evaluate({ ...given, ...(group ? { group } : {}) });
}

function describeResult({ metrics, measurement, baselines }: TestResult): string {
  const cell = (summary: MetricSummary | undefined): string => {
    if (!summary) return "";
    const leftOut = summary.leftOut > 0 ? ` (${summary.leftOut} left out)` : "";
    return `${summary.mean.toFixed(3)} +- ${summary.std.toFixed(3)}${leftOut}`;
  };
  // The measurement itself is among the baselines, as y.
  const shown = Object.entries(baselines).filter(([name]) => name !== "y");
  const rows = Object.entries(metrics).map(([name, summary]) => [
    name,
    cell(measurement[name]),
    ...shown.map(([, values]) => cell(values[name])),
    cell(summary),
  ]);
  return textTable([["metric", "measurement", ...shown.map(([name]) => name), "reconstruction"], ...rows]);
}
