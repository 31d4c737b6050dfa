import { type Command, Option } from "commander";
import { DataLoader, type EstimableNoise, estimateNoise, NoisyPatches, UnclippedDataset } from "../data/index.js";
import { type Pixels, withLocks } from "../io/index.js";
import { type Loss, Neighbor2Neighbor, R2RLoss, SureGaussianLoss, SurePoissonLoss } from "../loss/index.js";
import { DnCNN, startAtIdentity } from "../nn/index.js";
import { Adam, CosineAnnealingLR } from "../optim/index.js";
import { Denoising, GammaNoise, GaussianNoise, type NoiseModel, PoissonNoise } from "../physics/index.js";
import { Rng } from "../random/index.js";
import { formatDuration } from "../text/index.js";
import { progressDisplay, restoreTiled, restoreUnclipped, Trainer } from "../train/index.js";
import { positiveNumber, positiveWholeNumber } from "./arguments.js";
import { type CommandResult, type CommonOptions, runCommand, withCommonOptions } from "./command.js";
import { Interrupted, UsageError } from "./errors.js";
import { questionLevel } from "./noise-level.js";
import { NoisyImage } from "./noisy-image.js";

interface DenoiseOptions extends CommonOptions {
  readonly output: string;
  readonly sigma: string;
  readonly maxPixel?: number;
  readonly noise: EstimableNoise;
  readonly loss: "auto" | "sure" | "r2r" | "neighbor2neighbor";
  readonly steps?: number;
  readonly resume?: string;
}

/** `adjoint denoise`: trains a network on one noisy image alone, then denoises it. */
export function addDenoise(program: Command): void {
  const command = program
    .command("denoise <image>")
    .description("denoise an image with a network trained on this image alone (no other image, no ground truth)")
    .requiredOption(
      "-o, --output <file>",
      "file of the denoised image, .png, .tif or .npy; it has the sample type and units of the image (required)",
    )
    .option(
      "--sigma <level>",
      "noise level: standard deviation (gaussian) or gain (poisson), for integers of values from 0 to 1 (the " +
        "largest of their type), for floats as stored; number of looks (gamma); or auto",
      "auto",
    )
    .option(
      "--max-pixel <value>",
      "largest possible pixel value, above which no level is believed (default: 1, or the image's own if larger)",
      positiveNumber,
    )
    .addOption(
      new Option("--noise <kind>", "noise model").choices(["gaussian", "poisson", "gamma"]).default("gaussian"),
    )
    .addOption(
      new Option("--loss <name>", "loss to minimise")
        .choices(["auto", "sure", "r2r", "neighbor2neighbor"])
        .default("auto"),
    )
    .option(
      "--steps <n>",
      "training steps (default: 300 to 1000, depending on the number of pixels)",
      positiveWholeNumber,
    )
    .option("--resume <checkpoint>", "continue from a checkpoint that Ctrl-C has written");
  withCommonOptions(command).action(async (image: string, options: DenoiseOptions) => {
    await runCommand(options, async (checked, signal) =>
      withLocks("adjoint denoise", [checked.output], async () => await denoise(image, checked, signal)),
    );
  });
}

async function denoise(path: string, options: DenoiseOptions, signal: AbortSignal): Promise<CommandResult> {
  if (!/\.(?:png|tiff?|npy)$/i.test(options.output)) {
    const text = `--output is ${options.output}, expected a name that ends in .png, .tif, .tiff or .npy.`;
    throw new UsageError(text, "invalid_argument");
  }
  const given = options.sigma === "auto" ? undefined : Number(options.sigma);
  if (given !== undefined && !(Number.isFinite(given) && given > 0)) {
    throw new UsageError(`--sigma is ${options.sigma}, expected a number above 0, or auto.`, "invalid_argument");
  }
  const started = performance.now();
  const noisy = await NoisyImage.read(path, options.noise, options.output);
  const image = noisy.pixels;
  const level = given === undefined ? estimateNoise(image, options.noise) : noisy.toScaled(given);
  if (!(level > 0 && Number.isFinite(level))) throw noNoise(path, noisy, options.noise);
  if (given !== undefined && options.noise !== "gamma") {
    const maxPixel = options.maxPixel ?? Math.max(1, noisy.range.high);
    questionLevel(given, maxPixel, "--sigma", "If the image has other values, say so with --max-pixel.");
  }
  const [channels, rows, columns] = image.shape;
  // Even sides: Neighbor2Neighbor pairs pixels in 2x2 cells.
  const side = (length: number): number => Math.min(64, 2 * Math.floor(length / 2));
  if (Math.min(rows, columns) < 8)
    throw new UsageError(`${path}: image is ${columns}x${rows}, expected at least 8x8.`, "invalid_argument");

  // A long training overfits a small image.
  const steps = options.steps ?? Math.round(Math.min(1000, Math.max(300, (rows * columns) / 64)));
  const rng = new Rng(options.seed);
  const noise = noiseModel(options.noise, level);
  const physics = new Denoising({ noiseModel: noise });
  const loss = chooseLoss(options, level);
  const model = new DnCNN({ inChannels: channels, outChannels: channels, depth: 7, nf: 32, rng: rng.fork() });
  startAtIdentity(model);
  const optimizer = new Adam(model.parameters(), { lr: 1e-3 });
  const batchSize = 4;
  const patches = new NoisyPatches(image, [side(rows), side(columns)], steps * batchSize);
  const dataset = new UnclippedDataset({ dataset: patches, noiseModel: noise });
  const progress = await progressDisplay({ label: "denoising" });
  const checkpoint = `${options.output}.checkpoint.safetensors`;
  const trainer = new Trainer({
    model,
    physics,
    losses: loss,
    optimizer,
    schedule: new CosineAnnealingLR(optimizer, { tMax: steps }),
    scheduleEvery: "step",
    trainData: new DataLoader({ dataset, batchSize, rng: rng.fork() }),
    metrics: [],
    gradClip: 1,
    rng,
    onProgress: (state) => progress.update(state),
  });
  if (options.resume !== undefined) await trainer.resume(options.resume);
  try {
    await trainer.train({ signal });
  } catch (error) {
    progress.stop();
    if (!(error instanceof Interrupted)) throw error;
    await trainer.save(checkpoint);
    throw new Interrupted(`interrupted; continue with --resume ${checkpoint}`, error.signal);
  }
  progress.stop();
  const evalRng = new Rng(options.seed);
  trainer.model.eval();
  const restore = (pixels: Pixels) =>
    restoreTiled(pixels, (y) => trainer.model.forward(y, physics, { updateParameters: true, rng: evalRng }));
  const clean = await restoreUnclipped(image, restore, { noiseModel: noise, rng: evalRng });
  const { sample, clipped } = await noisy.write(options.output, clean);
  const seconds = (performance.now() - started) / 1000;
  const estimated = given === undefined;
  const fileLevel = given ?? noisy.toFile(level);
  const levelText = `${Number(fileLevel.toPrecision(3))}${estimated ? " (estimated)" : ""}`;
  const noiseText = `${options.noise} noise of level ${levelText}`;
  const time = formatDuration(seconds);
  const page = noisy.pages > 1 ? ` (page 1 of ${noisy.pages})` : "";
  return {
    text: `${options.output}: ${columns}x${rows} ${sample}${page}, ${noiseText}, ${loss.name}, ${steps} steps, ${time}`,
    json: {
      output: options.output,
      width: columns,
      height: rows,
      channels,
      pages: noisy.pages,
      sample,
      clipped,
      noise: options.noise,
      level: fileLevel,
      estimated,
      loss: loss.name,
      steps,
      seconds,
    },
  };
}

/** The error where no level could be estimated: what was looked at, and what was seen. */
function noNoise(path: string, { range, pixels }: NoisyImage, noise: EstimableNoise): UsageError {
  const [channels, rows, columns] = pixels.shape;
  const [low, high] = [range.low, range.high].map((value) => Number(value.toPrecision(3)));
  const cells = noise === "gaussian" ? "all cells of 2x2 pixels" : "all cells of 2x2 pixels that are not dark";
  const values = range.different === 1 ? `one value, ${low}` : `${range.different} different values, ${low} to ${high}`;
  return new UsageError(
    `${path}: no noise was found: the median difference of neighbours is 0 in ${cells} (${columns}x${rows} pixels, ` +
      `${channels} channel${channels === 1 ? "" : "s"}, ${values}). The image may be drawn, enlarged or already ` +
      "denoised; if it is noisy, give the level with --sigma.",
    "invalid_argument",
  );
}

function noiseModel(kind: EstimableNoise, level: number): NoiseModel {
  if (kind === "gaussian") return new GaussianNoise({ sigma: level });
  return kind === "poisson" ? new PoissonNoise({ gain: level }) : new GammaNoise({ l: level });
}

function chooseLoss({ loss, noise }: DenoiseOptions, level: number): Loss {
  // R2R fits all three noise models and adds new noise in each step: on one image it does as well as SURE at half the
  // cost.
  const name = loss === "auto" ? "r2r" : loss;
  if (name === "neighbor2neighbor") return new Neighbor2Neighbor();
  if (name === "r2r") return new R2RLoss();
  if (noise === "gaussian") return new SureGaussianLoss({ sigma: level });
  if (noise === "poisson") return new SurePoissonLoss({ gain: level });
  throw new UsageError("--loss sure does not fit --noise gamma; r2r and neighbor2neighbor do.", "incompatible_physics");
}
