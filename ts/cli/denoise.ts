import { type Command, Option } from "commander";
import {
  type Denoiser,
  estimateNoise,
  knownNoise,
  learn,
  type LossChoice,
  noiseLevel,
  type NoiseName,
} from "../denoise/index.js";
import type { Pixels } from "../io/index.js";
import { Rng } from "../random/index.js";
import { formatDuration } from "../text/index.js";
import { positiveNumber, positiveWholeNumber } from "./arguments.js";
import { type CommandResult, type CommonOptions, runCommand, withCommonOptions } from "./command.js";
import { Interrupted, UsageError } from "./errors.js";
import { denoiseDisplay } from "./denoise-display.js";
import { questionLevel } from "./noise-level.js";
import { NoisyImage } from "./noisy-image.js";

interface DenoiseOptions extends CommonOptions {
  readonly output: string;
  readonly sigma: string;
  readonly maxPixel?: number;
  readonly noise: NoiseName;
  readonly loss: LossChoice;
  readonly steps?: number;
  readonly resume?: string;
}

/** The level of each noise model. */
const levelNames = { gaussian: "sigma", poisson: "gain", "poisson-gaussian": "gain", gamma: "looks" } as const;

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
    await runCommand(options, (checked, signal) => denoise(image, checked, signal));
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
  const noise =
    given === undefined
      ? estimateNoise([image], { noise: options.noise })
      : knownNoise([image], { noise: options.noise, [levelNames[options.noise]]: given });
  const level = noiseLevel(noise);
  if (!(level > 0 && Number.isFinite(level))) throw noNoise(path, noisy, options.noise);
  if (given !== undefined && options.noise !== "gamma") {
    const maxPixel = options.maxPixel ?? Math.max(1, noisy.range.high);
    questionLevel(given, maxPixel, "--sigma", "If the image has other values, say so with --max-pixel.");
  }
  const [channels, rows, columns] = image.shape;
  const display = await denoiseDisplay();
  const { onProgress } = display;
  const checkpoint = `${options.output}.checkpoint.safetensors`;
  let clean: Pixels;
  let learned: Denoiser;
  try {
    learned = await learn([image], {
      noise,
      loss: options.loss,
      rng: new Rng(options.seed),
      signal,
      checkpoint,
      onProgress,
      ...(options.steps === undefined ? {} : { steps: options.steps }),
      ...(options.resume === undefined ? {} : { resume: options.resume }),
    });
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    throw new Interrupted(`interrupted; continue with --resume ${checkpoint}`, error.signal);
  } finally {
    display.stop();
  }
  const { loss, steps } = learned;
  clean = await learned.restore(image, { rng: new Rng(options.seed), signal, onProgress });
  display.stop();
  const { sample, clipped } = await noisy.write(options.output, clean);
  const seconds = (performance.now() - started) / 1000;
  const estimated = given === undefined;
  const fileLevel = level;
  const levelText = `${Number(fileLevel.toPrecision(3))}${estimated ? " (estimated)" : ""}`;
  const noiseText = `${options.noise} noise of level ${levelText}`;
  const time = formatDuration(seconds);
  const page = noisy.pages > 1 ? ` (page 1 of ${noisy.pages})` : "";
  return {
    text: `${options.output}: ${columns}x${rows} ${sample}${page}, ${noiseText}, ${loss}, ${steps} steps, ${time}`,
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
      loss,
      steps,
      seconds,
    },
  };
}

/** The error where no level could be estimated: what was looked at, and what was seen. */
function noNoise(path: string, { range, pixels }: NoisyImage, noise: NoiseName): UsageError {
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
