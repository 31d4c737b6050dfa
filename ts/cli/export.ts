import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import { extname } from "node:path";
import { type ExportableModel, exportOnnx, type ExportOnnxOptions, writeFileAtomic } from "../io/index.js";
import { Rng } from "../random/index.js";
import { buildParts, loadWeights } from "./build.js";
import { readConfig } from "./check-config.js";
import { type CommandResult, type CommonOptions, runCommand, withCommonOptions } from "./command.js";
import { UsageError } from "./errors.js";
import { byteText } from "./inspect.js";
import { configFolder } from "./paths.js";
import { Place } from "./place.js";
import { list } from "./data.js";

interface ExportOptions extends CommonOptions {
  readonly config: string;
  readonly output: string;
  readonly shape: readonly number[];
  readonly dynamic: NonNullable<ExportOnnxOptions["dynamic"]>;
  readonly sigma?: number | "input";
}

/** `adjoint export`: a trained network as ONNX. */
export function addExport(program: Command): void {
  const command = program
    .command("export <weights>")
    .description("write the network of a configuration with its weights (.safetensors, .pth) as ONNX")
    .requiredOption("--config <file>", "the configuration that the network was trained with (required)")
    .requiredOption("-o, --output <file.onnx>", "the file to write (required)")
    .option("--shape <sizes>", "shape of the input", sizes, [1, 1, 64, 64])
    .addOption(
      new Option("--dynamic <axes>", "axes whose sizes are chosen at run time, such as batch,height,width; none")
        .argParser(axes)
        .default(["batch", "height", "width"], "batch,height,width"),
    )
    .option("--sigma <level>", "the noise level of a network that takes one; input: an input of the graph", level);
  withCommonOptions(command).action(async (weights: string, options: ExportOptions) => {
    await runCommand(options, (checked) => exportNetwork(weights, checked));
  });
}

async function exportNetwork(weights: string, options: ExportOptions): Promise<CommandResult> {
  const { config: path, output, shape, dynamic, sigma } = options;
  if (extname(output) !== ".onnx") {
    throw new UsageError(`the output is ${output}, expected a name that ends in .onnx.`, "invalid_argument");
  }
  const config = await readConfig(path);
  const { model, physics } = await buildParts(
    config,
    new Rng(options.seed).fork(),
    new Place(path),
    configFolder(path),
  );
  await loadWeights(model, weights, new Place(weights));
  const [first] = list(physics);
  const bytes = await exportOnnx(model as ExportableModel, {
    inputShape: shape,
    dynamic,
    ...(sigma === undefined ? { physics: first } : { sigma }),
    metadata: { name: String((config["model"] as { name?: unknown } | undefined)?.name ?? "network") },
  });
  await writeFileAtomic(output, bytes);
  const open = dynamic.length > 0 ? `open: ${dynamic.join(", ")}, ` : "";
  return {
    text: `${output}: input [${shape.join(", ")}], ${open}${byteText(bytes.length)}`,
    json: { output, inputShape: shape, dynamic, bytes: bytes.length },
  };
}

function sizes(text: string): number[] {
  const values = text.split(/[,x]/).map(Number);
  if (!values.every((value) => Number.isSafeInteger(value) && value > 0)) {
    throw new InvalidArgumentError("Expected sizes such as 1,1,64,64.");
  }
  return values;
}

const words = ["batch", "height", "width"] as const;

function axes(text: string): (typeof words)[number][] {
  if (text === "none") return [];
  return text.split(",").map((given) => {
    const word = words.find((name) => name === given.trim());
    if (word === undefined) throw new InvalidArgumentError("Expected some of batch,height,width, or none.");
    return word;
  });
}

function level(text: string): number | "input" {
  const value = Number(text);
  if (text !== "input" && (text.trim() === "" || !(value >= 0)))
    throw new InvalidArgumentError("Expected a number, 0 or more, or input.");
  return text === "input" ? text : value;
}
