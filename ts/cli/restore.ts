import type { Command } from "commander";
import { noiseVariance, plugAndPlay, presentLevel } from "../denoise/index.js";
import { type Pixels, readPixels, withLocks } from "../io/index.js";
import { formatDuration } from "../text/index.js";
import { blurFilter } from "./blur-filter.js";
import { type CommandResult, type CommonOptions, runCommand, withCommonOptions } from "./command.js";
import { givenNoise, noiseOf, type NoiseOptions, withNoiseOptions } from "./denoise-noise.js";
import { UsageError } from "./errors.js";
import { NoisyFile } from "./noisy-file.js";
import { refuseReplacing } from "./replacing.js";
import { shareDisplay } from "./share-display.js";

interface RestoreCommandOptions extends CommonOptions, NoiseOptions {
  readonly output: string;
  readonly blur?: string;
  readonly mask?: string;
  readonly pages?: string;
}

/** `adjoint restore`: sharpens a blurred image, or fills in missing pixels. */
export function addRestore(program: Command): void {
  const command = program
    .command("restore <image>")
    .description("sharpen a blurred image (--blur), or fill in missing pixels (--mask); nothing is trained")
    .requiredOption(
      "-o, --output <file>",
      "file of the result, .png, .tif or .npy; it has the sample type and units of the image (required)",
    )
    .option(
      "--blur <kind>",
      "the blur: gaussian:2 (standard deviation), disk:3 (radius), motion:9:30 (length, degrees)",
    )
    .option("--mask <file>", "image of the same size that is 0 (black) where pixels are missing")
    .option("--pages <range>", "pages of a stack, counted from 1, such as 3-7 (default: all)");
  withNoiseOptions(command);
  withCommonOptions(command).action(async (image: string, options: RestoreCommandOptions) => {
    await runCommand(options, async (checked, signal) =>
      withLocks("adjoint restore", [checked.output], async () => await restore(image, checked, signal)),
    );
  });
}

async function restore(path: string, options: RestoreCommandOptions, signal: AbortSignal): Promise<CommandResult> {
  if (!/\.(?:png|tiff?|npy)$/i.test(options.output)) {
    const text = `--output is ${options.output}, expected a name that ends in .png, .tif, .tiff or .npy.`;
    throw new UsageError(text, "invalid_argument");
  }
  if ((options.blur === undefined) === (options.mask === undefined))
    throw new UsageError("expected either --blur, such as gaussian:2, or --mask with a file.", "invalid_argument");
  refuseReplacing("--output", options.output, [path, options.mask]);
  const started = performance.now();
  givenNoise(options);
  const filter = options.blur === undefined ? undefined : blurFilter(options.blur);
  const file = await NoisyFile.open(path, options.pages);
  file.checkSize();
  const mask = options.mask === undefined ? undefined : await readMask(options.mask, file);
  file.checkOutput(options.output, await file.read(file.pages[0] as number));
  const display = await shareDisplay("restoring");
  const restored: Pixels[] = [];
  let sigma = 0;
  try {
    for (const page of file.pages) {
      const image = await file.read(page);
      sigma = deviation(image, mask, options);
      const what = filter ? { filter } : { mask: mask as Float32Array };
      restored.push(await plugAndPlay(image, { ...what, sigma, signal, onProgress: display.onProgress }));
    }
  } finally {
    display.stop();
  }
  const report = await file.write(options.output, restored);
  const [channels, height, width] = file.shape;
  const seconds = (performance.now() - started) / 1000;
  const task = options.blur === undefined ? "missing pixels filled in" : `blur ${options.blur} removed`;
  const level = Number(sigma.toPrecision(3));
  return {
    text:
      `${options.output}: ${width}x${height} ${report.sample}, ${task}, noise of standard deviation ${level}, ` +
      formatDuration(seconds),
    json: {
      output: options.output,
      width,
      height,
      channels,
      pages: file.pages.length,
      ...report,
      level: sigma,
      seconds,
    },
  };
}

/** The standard deviation of the noise at the mean of the image. */
function deviation(image: Pixels, mask: Float32Array | undefined, options: NoiseOptions): number {
  if (mask && givenNoise(options) === undefined) return presentLevel(image, mask);
  const noise = noiseOf([image], options);
  const mean = image.data.reduce((sum, value) => sum + value, 0) / image.data.length;
  return Math.sqrt(noiseVariance(noise, mean));
}

/** @throws UsageError where the mask has another size, or no pixel is missing or present. */
async function readMask(path: string, { shape, path: image }: NoisyFile): Promise<Float32Array> {
  const { data, shape: size } = await readPixels(path);
  const [, height, width] = shape;
  if (size[1] !== height || size[2] !== width) {
    const text = `--mask ${path} is ${size[2]}x${size[1]}, but ${image} is ${width}x${height}; expected one size.`;
    throw new UsageError(text, "invalid_argument");
  }
  const mask = data.slice(0, height * width);
  const missing = mask.reduce((count, value) => count + (value === 0 ? 1 : 0), 0);
  if (missing === 0 || missing === mask.length) {
    const text = `--mask ${path} has ${missing} black pixels of ${mask.length}; expected black for missing ones.`;
    throw new UsageError(text, "invalid_argument");
  }
  return mask;
}
