import { type Command, Option } from "commander";
import { extname } from "node:path";
import { withLocks } from "../io/index.js";
import { formatDuration } from "../text/index.js";
import { positiveWholeNumber } from "./arguments.js";
import { type CommandResult, runCommand, withCommonOptions } from "./command.js";
import { type FilePair, pairFiles } from "./denoise-files.js";
import { denoiseGroup, type DenoiseOptions, type FileResult, type Opened } from "./denoise-group.js";
import { givenNoise, withNoiseOptions } from "./denoise-noise.js";
import { UsageError } from "./errors.js";
import { isFirst, launchedGroup, WHILE_LEARNING } from "./launched-group.js";
import { NoisyFile } from "./noisy-file.js";
import { refuseReplacing } from "./replacing.js";

/** Exit code where the data contradict a result. */
const contradicted = 3;

/** `adjoint denoise`: trains a network on noisy images alone, then denoises them. */
export function addDenoise(program: Command): void {
  const command = program
    .command("denoise <images...>")
    .description(
      "denoise images with a network trained on them alone (no other image, no ground truth): files, all their " +
        "pages, folders or patterns",
    )
    .requiredOption(
      "-o, --output <file>",
      "file of the denoised image, .png, .tif or .npy, or a folder for several; it has the sample type and units of " +
        "the image (required)",
    );
  withNoiseOptions(command)
    .addOption(
      new Option("--quality <word>", "how much time is spent").choices(["fast", "normal", "best"]).default("normal"),
    )
    .option("--pages <range>", "pages of a stack, counted from 1, such as 3-7 or 1,4 (default: all)")
    .option("--channels <range>", "channels, counted from 1, such as 2 or 1,3 (default: all)")
    .option("--each", "train on each file anew, not once on all of them", false)
    .option("--save <file>", "keep the trained network as .safetensors")
    .option("--model <file>", "take a network that --save has written; nothing is trained")
    .addOption(
      new Option("--loss <name>", "loss to minimise")
        .choices(["auto", "sure", "r2r", "neighbor2neighbor"])
        .default("auto"),
    )
    .option(
      "--steps <n>",
      "training steps (default: chosen by the quality and the number of pixels)",
      positiveWholeNumber,
    )
    .option("--resume <checkpoint>", "continue from a checkpoint that Ctrl-C has written");
  withCommonOptions(command).action(async (images: string[], options: DenoiseOptions) => {
    await runCommand(options, async (checked, signal) => await denoise(images, checked, signal));
  });
}

async function denoise(
  inputs: readonly string[],
  options: DenoiseOptions,
  signal: AbortSignal,
): Promise<CommandResult | undefined> {
  const ranks = await launchedGroup({ timeout: WHILE_LEARNING });
  const started = performance.now();
  const pairs = pairFiles(inputs, options.output);
  checkSave(options, pairs);
  // Before any has written a file that another one would take for one of the inputs.
  await ranks?.barrier();
  checkTogether(options);
  givenNoise(options);
  const paths = !isFirst(ranks)
    ? []
    : [...pairs.map(({ output }) => output), ...(options.save === undefined ? [] : [options.save])];
  return await withLocks("adjoint denoise", paths, async () => {
    const files: Opened[] = [];
    for (const { input, output } of pairs)
      files.push({ file: await NoisyFile.open(input, options.pages, options.channels), output });
    const groups = options.each ? files.map((file) => [file]) : [files];
    const results: FileResult[] = [];
    for (const [index, group] of groups.entries()) {
      const label = groups.length > 1 ? `denoising ${index + 1} of ${groups.length}` : "denoising";
      results.push(...(await denoiseGroup(group, { options, signal, label, isOnly: files.length === 1, ranks })));
    }
    return !isFirst(ranks) ? undefined : resultOf(results, (performance.now() - started) / 1000);
  });
}

/** @throws UsageError where two options exclude each other. */
function checkTogether(options: DenoiseOptions): void {
  const pairs = [
    ["model", "save"],
    ["model", "steps"],
    ["model", "resume"],
    ["each", "save"],
    ["each", "resume"],
  ] as const;
  for (const [one, other] of pairs) {
    if (options[one] === undefined || options[one] === false || options[other] === undefined) continue;
    const text = `--${one} and --${other} exclude each other; leave one of them out.`;
    throw new UsageError(text, "invalid_argument");
  }
}

/** @throws UsageError where the network has no name of its own. */
function checkSave({ save, resume }: DenoiseOptions, pairs: readonly FilePair[]): void {
  if (save === undefined) return;
  if (extname(save) !== ".safetensors") {
    const text = `--save is ${save}, expected a name that ends in .safetensors.`;
    throw new UsageError(text, "invalid_argument");
  }
  refuseReplacing("--save", save, [...pairs.map(({ input }) => input), resume]);
}

function resultOf(results: readonly FileResult[], seconds: number): CommandResult {
  const [first] = results;
  const isContradicted = results.some(({ contradictions }) => contradictions.length > 0);
  const lines = results.map((result) => textOf(result));
  const json = results.length === 1 ? { ...first, seconds } : { files: results, seconds };
  return {
    text: `${lines.join("\n")}${results.length > 1 ? "\n" : ", "}${formatDuration(seconds)}`,
    json,
    ...(isContradicted ? { exitCode: contradicted } : {}),
  };
}

function textOf(result: FileResult): string {
  const { output, width, height, sample, pages, written, found, contradictions, loss, steps } = result;
  const size = `${output}: ${width}x${height} ${sample}${pages > 1 ? ` (${written} of ${pages} pages)` : ""}`;
  const training = loss === undefined ? "unchanged" : `${loss}, ${steps} steps`;
  const warnings = contradictions.map((text) => `\n  contradicted by the data, written as it was: ${text}`).join("");
  return `${size}, ${found.replace(/\.$/, "")}${warnings}\n  ${training}`;
}
