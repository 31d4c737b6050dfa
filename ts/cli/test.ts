import type { Command } from "commander";
import { dirname, join } from "node:path";
import { readWeights } from "../io/index.js";
import type { Reconstructor } from "../nn/index.js";
import { Rng } from "../random/index.js";
import { evaluate, type TestResult } from "../train/index.js";
import { buildData, buildParts } from "./build.js";
import { readConfig } from "./check-config.js";
import { type CommandResult, type CommonOptions, runCommand, withCommonOptions } from "./command.js";
import { evaluationData } from "./data.js";
import { UsageError } from "./errors.js";
import { resultsFolder } from "./paths.js";
import { Place } from "./place.js";
import { textTable } from "./table.js";

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
    await runCommand(options, (checked) => test(path, checked));
  });
}

async function test(path: string, options: TestCommandOptions): Promise<CommandResult> {
  const config = await readConfig(path);
  const place = new Place(path);
  // The same stream as in training, so that drawn masks are the same.
  const parts = await buildParts(config, new Rng(options.seed).fork(), place, dirname(path));
  const data = await evaluationData(await buildData(config, place, dirname(path)));
  if (!data)
    throw new UsageError(
      `${place.key("data").key("eval")} is missing, expected a folder of clean images, or a dataset.`,
      "missing_argument",
    );
  const weights = options.weights ?? join(resultsFolder(path, config["out"]), "model.safetensors");
  parts.model.loadStateDict(await readWeights(weights));
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
      ? `${summary.mean.toFixed(3)} +- ${summary.std.toFixed(3)}${summary.leftOut ? ` (${summary.leftOut} left out)` : ""}`
      : "";
  const rows = Object.entries(metrics).map(([name, summary]) => [name, cell(measurement[name]), cell(summary)]);
  return textTable([["metric", "measurement", "reconstruction"], ...rows]);
}
