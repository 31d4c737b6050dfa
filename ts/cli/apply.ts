import type { Command } from "commander";
import { extname, join } from "node:path";
import { pixelsInTurn } from "../data/index.js";
import { Denoiser } from "../denoise/index.js";
import type { Group } from "../distributed/index.js";
import { type Pixels, writeImage } from "../io/index.js";
import { type NoiseModel, StackedPhysics } from "../physics/index.js";
import { Rng } from "../random/index.js";
import { AdjointError } from "../runtime/index.js";
import { formatDuration } from "../text/index.js";
import type { Tensor } from "../tensor/index.js";
import { type AnyPhysics, restore, type RestoreOptions, restoreUnclipped } from "../train/index.js";
import { AppliedImage } from "./applied-image.js";
import { inputFiles, type Pair, pairs } from "./apply-files.js";
import { wholeNumber } from "./arguments.js";
import { type CommandResult, type CommonOptions, runCommand, withCommonOptions } from "./command.js";
import { UsageError } from "./errors.js";
import { isFolder } from "./folder.js";
import { isFirst, launchedGroup, onEachFile } from "./launched-group.js";
import { Place, placed } from "./place.js";
import { NO_DISPLAY, shareDisplay } from "./share-display.js";
import { readTensorFile } from "./tensor-file.js";
import { buildTrained, readTraining, type Training } from "./trained.js";
import { weightsMetadata } from "./weights-metadata.js";

interface ApplyOptions extends CommonOptions {
  readonly output: string;
  readonly config?: string;
  readonly physics?: number;
  readonly scale?: string;
}

/** `adjoint apply`: restores files with a trained network. */
export function addApply(program: Command): void {
  const command = program
    .command("apply <model> <files...>")
    .description(
      "restore images or measurements with a network that adjoint train (or denoise --save) has written: its file of " +
        "weights, or the folder of --save-pretrained",
    )
    .requiredOption(
      "-o, --output <path>",
      "file of the result, .png, .tif or .npy, or a folder for the results of several files (required)",
    )
    .option("--config <file>", "configuration of the training, where the file of weights does not have it")
    .option("--physics <index>", "which of several physics made the files, from 0", wholeNumber)
    .option(
      "--scale <number>",
      'what the training data were divided by, or "sample" for each image its own (default: as trained)',
    );
  withCommonOptions(command).action(async (model: string, files: string[], options: ApplyOptions) => {
    await runCommand(options, (checked, signal) => apply(model, files, checked, signal));
  });
}

/** The file of weights: that of a folder as `adjoint train --save-pretrained` writes it, or the file that is given. */
function weightsFile(model: string): string {
  return isFolder(model) ? join(model, "model.safetensors") : model;
}

/** Restores one page of an image, or a measurement of another kind. */
interface Method {
  readonly name: string;
  readonly training: Training | undefined;
  /** Whether measurements are pictures; otherwise arrays such as sinograms. */
  readonly ofImages: boolean;
  page(image: Pixels, index: number, onProgress: OnShare): Promise<Pixels>;
  array(y: Tensor, onProgress: OnShare): Promise<Tensor>;
}

/** Called with the share of a page or an array that is done, 0 to 1. */
type OnShare = (done: number) => void;

async function apply(
  model: string,
  files: readonly string[],
  options: ApplyOptions,
  signal: AbortSignal,
): Promise<CommandResult | undefined> {
  const ranks = await launchedGroup();
  const started = performance.now();
  const weights = weightsFile(model);
  const inputs = inputFiles(files);
  const method = await methodOf(weights, options, signal);
  const jobs = pairs(inputs, options.output, method.ofImages ? ".tif" : ".npy");
  // Before any has written a file that another one would take for one of the inputs.
  await ranks?.barrier();
  const display = isFirst(ranks) ? await shareDisplay("applying") : NO_DISPLAY;
  const applyOne = async (job: Pair, i: number, sharing: Group | undefined) => {
    signal.throwIfAborted();
    const phase = jobs.length > 1 ? `${i + 1} of ${jobs.length}: ${job.input}` : job.input;
    const onProgress = (share: number): void => {
      const done = (i + share) / jobs.length;
      // Files are taken to be of one size.
      const secondsLeft = ((performance.now() - started) / 1000) * (1 / Math.max(done, 1e-6) - 1);
      display.onProgress({ phase, done, secondsLeft });
    };
    try {
      const result = await applyTo(job, method, { signal, onProgress, ranks: sharing });
      return result && { ...job, ...result };
    } catch (error) {
      throw placed(new Place(job.input), error);
    }
  };
  const outputs = await onEachFile(ranks, jobs, applyOne).finally(() => display.stop());
  if (!isFirst(ranks)) return undefined;
  const seconds = (performance.now() - started) / 1000;
  const pages = outputs.reduce((sum, each) => sum + each.pages, 0);
  const several = pages > outputs.length ? ` (${pages} pages)` : "";
  const count = outputs.length === 1 ? `1 file${several}` : `${outputs.length} files${several}`;
  return {
    text: `${options.output}: ${count}, ${method.name}, ${formatDuration(seconds)}`,
    json: { model: weights, network: method.name, outputs, seconds },
  };
}

/** Restores and writes a file; of ranks that share its pages the first one writes it, and returns what came of it. */
async function applyTo(
  { input, output }: Pair,
  method: Method,
  { signal, ranks, onProgress }: { signal: AbortSignal; ranks: Group | undefined; onProgress: OnShare },
): Promise<{ pages: number; clipped: number } | undefined> {
  if (!method.ofImages) {
    if (!isFirst(ranks)) return undefined;
    const y = await readTensorFile({ file: input });
    const made = y.shape.length < 4 ? y.reshape([...new Array<number>(4 - y.shape.length).fill(1), ...y.shape]) : y;
    try {
      const x = await method.array(made, onProgress);
      try {
        onProgress(1);
        checkFinite(await x.data());
        const { clipped } = await writeImage(output, x);
        return { pages: 1, clipped };
      } finally {
        x.dispose();
      }
    } finally {
      for (const value of new Set([y, made])) value.dispose();
    }
  }
  const image = await AppliedImage.read(input, method.training?.reading ?? {});
  if (extname(output).toLowerCase() === ".png" && image.pages > 1)
    throw new UsageError(`${input}: a PNG cannot hold ${image.pages} pages; take .tif or .npy.`, "invalid_argument");
  const restored: Pixels[] = [];
  const pages = pixelsInTurn(ranks, image.pages, async (page) => {
    signal.throwIfAborted();
    return await method.page(image.page(page), page, (share) => onProgress((page + share) / image.pages));
  });
  for await (const page of pages) {
    checkFinite(page.data);
    restored.push(page);
    onProgress(restored.length / image.pages);
  }
  if (!isFirst(ranks)) return undefined;
  const { clipped } = await image.write(output, restored);
  return { pages: image.pages, clipped };
}

/** @throws AdjointError `non_finite_evaluation` where the network gives values that are no picture. */
function checkFinite(data: Float32Array | Float64Array): void {
  let wrong = 0;
  for (const value of data) if (!Number.isFinite(value)) wrong++;
  if (wrong === 0) return;
  throw new AdjointError(
    `${wrong} of the ${data.length} values of the result are not finite, so nothing is written; --scale may be ` +
      "wrong, or the training has diverged.",
    "non_finite_evaluation",
  );
}

/** Operators that measure pictures. */
const IMAGES = ["denoising", "inpainting", "demosaicing", "blur", "blurFFT", "downsampling", "decolorize"];

async function methodOf(weights: string, options: ApplyOptions, signal: AbortSignal): Promise<Method> {
  // What a network draws for a page does not depend on the pages before.
  const { seed } = options;
  const drawing = (page = 0): { rng: Rng } => ({ rng: page === 0 ? new Rng(seed) : Rng.ofIndex(seed, page) });
  const metadata = options.config === undefined ? await weightsMetadata(weights) : {};
  if (metadata["adjoint.denoiser"] !== undefined) {
    const denoiser = await Denoiser.load(weights);
    return {
      name: `denoiser for ${denoiser.noise.noise} noise`,
      training: undefined,
      ofImages: true,
      page: async (image, index, onShare) =>
        await denoiser.restore(image, { ...drawing(index), signal, onProgress: ({ done }) => onShare(done) }),
      array: () => Promise.reject(new UsageError("the denoiser takes pictures.", "invalid_argument")),
    };
  }
  const read = await readTraining(weights, { ...options, metadata });
  const { training } = read;
  const { model, physics: all, name } = await buildTrained(weights, read);
  const physics = physicsOf(all, options.physics);
  const settings: RestoreOptions = { ...scaleOf(weights, training, options.scale), signal };
  const direct = async (image: Pixels, from: { rng: Rng }, onProgress: OnShare): Promise<Pixels> =>
    await restore(model, physics, image, { ...settings, ...from, onProgress });
  const noiseModel = redrawn(training, physics, settings);
  return {
    name: `${name}, ${physics.constructor.name}`,
    training,
    ofImages: IMAGES.includes(physics.operator),
    page: noiseModel
      ? async (image, index, onShare) => {
          const from = drawing(index);
          const part = async (pixels: Pixels, draw: number, draws: number): Promise<Pixels> =>
            await direct(pixels, from, (done) => onShare((draw + done) / draws));
          return await restoreUnclipped(image, part, { noiseModel, ...from });
        }
      : async (image, index, onShare) => await direct(image, drawing(index), onShare),
    array: async (y, onProgress) => await restore(model, physics, y, { ...settings, ...drawing(), onProgress }),
  };
}

function physicsOf(all: readonly AnyPhysics[], index: number | undefined): AnyPhysics {
  if (index === undefined && all.length > 1) {
    const names = all.map((each, i) => `${i} ${each.constructor.name}`).join(", ");
    throw new UsageError(`--physics is missing: the network was trained with ${names}.`, "missing_argument");
  }
  const found = all[index ?? 0];
  if (found) return found;
  throw new UsageError(`--physics is ${index}, expected 0 to ${all.length - 1}.`, "invalid_argument");
}

function scaleOf(
  weights: string,
  training: Training,
  given: string | undefined,
): Pick<RestoreOptions, "scale" | "scaleLevels"> {
  const { scaleLevels } = training;
  const scale = given === undefined || given === "sample" ? (given ?? training.scale) : Number(given);
  if (scale === null) {
    throw new UsageError(
      `${weights}: what the training data were divided by is not known; give it with --scale.`,
      "missing_argument",
    );
  }
  if (scale === "sample" || (Number.isFinite(scale) && scale > 0)) return { scale, scaleLevels };
  throw new UsageError(`--scale is ${given}, expected a number above 0, or sample.`, "invalid_argument");
}

/** The noise whose clipped values the training has drawn anew, where it has. */
function redrawn(training: Training, physics: AnyPhysics, { scale }: RestoreOptions): NoiseModel | undefined {
  if (!training.measurements || scale !== 1 || physics instanceof StackedPhysics) return undefined;
  const { operator, noiseModel } = physics;
  const known =
    ["denoising", "blur", "blurFFT"].includes(operator) && ["gaussian", "poisson", "gamma"].includes(noiseModel.kind);
  return known ? noiseModel : undefined;
}
