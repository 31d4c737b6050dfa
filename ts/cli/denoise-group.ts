import {
  contradictions as contradictionsOf,
  Denoiser,
  learn,
  type LossChoice,
  type NoiseEstimate,
  noiseLevel,
  type NoiseName,
  type Quality,
} from "../denoise/index.js";
import { pixelsInTurn } from "../data/index.js";
import type { Group } from "../distributed/index.js";
import type { Pixels } from "../io/index.js";
import { Rng } from "../random/index.js";
import type { CommonOptions } from "./command.js";
import { givenNoise, noiseOf, type NoiseOptions } from "./denoise-noise.js";
import { Interrupted, UsageError } from "./errors.js";
import { isFirst, onEachFile } from "./launched-group.js";
import type { NoisyFile } from "./noisy-file.js";
import { NO_DISPLAY, shareDisplay, type ShareDisplay } from "./share-display.js";

/** Options of `adjoint denoise`. */
export interface DenoiseOptions extends CommonOptions, NoiseOptions {
  readonly output: string;
  readonly loss: LossChoice;
  readonly quality: Quality;
  readonly steps?: number;
  readonly resume?: string;
  readonly pages?: string;
  readonly channels?: string;
  readonly each: boolean;
  readonly save?: string;
  readonly model?: string;
}

/** An open file and where its result is written. */
export interface Opened {
  readonly file: NoisyFile;
  readonly output: string;
}

/** What came of one file: the JSON of the command. */
export interface FileResult {
  readonly output: string;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Pages of the file, and those that were written. */
  readonly pages: number;
  readonly written: number;
  readonly sample: string;
  readonly clipped: number;
  readonly noise: NoiseName;
  readonly level: number;
  readonly estimated: boolean;
  /** What was found of the noise. */
  readonly found: string;
  /** What the data say against the result, which then was not taken. */
  readonly contradictions: readonly string[];
  /** Undefined where nothing was removed. */
  readonly loss: string | undefined;
  readonly steps: number | undefined;
}

/** What a group of files needs beside them. */
export interface GroupContext {
  readonly options: DenoiseOptions;
  readonly signal: AbortSignal;
  /** Text before the progress. */
  readonly label: string;
  /** Whether there is one file in all: no noise is then an error. */
  readonly isOnly: boolean;
  /** Processes that share the files, or the pages of each, or the tiles of each: the first that are enough. */
  readonly ranks: Group | undefined;
}

/** At most so many values are learned from, of pages at even distances. */
const mostValues = 48e6;

/** Learns one network from some files, and restores them. */
export async function denoiseGroup(files: readonly Opened[], context: GroupContext): Promise<FileResult[]> {
  const { ranks } = context;
  const display = isFirst(ranks) ? await shareDisplay(context.label) : NO_DISPLAY;
  try {
    const denoiser = await denoiserOf(files, context, display);
    if (!(denoiser instanceof Denoiser)) {
      const left = isFirst(ranks) ? files : [];
      return await Promise.all(left.map(async (opened) => await leave(opened, denoiser)));
    }
    const results = await onEachFile(
      ranks,
      files,
      async (opened, _, sharing) => await restoreFile(opened, denoiser, { ...context, ranks: sharing }, display),
    );
    denoiser.dispose();
    return results;
  } finally {
    display.stop();
  }
}

/**
 * The network of some files, learned or loaded, or the estimate that there is no noise. The images that it learns from
 * are not kept.
 *
 * @throws UsageError where the only file has no noise.
 */
async function denoiserOf(
  files: readonly Opened[],
  context: GroupContext,
  display: ShareDisplay,
): Promise<Denoiser | NoiseEstimate> {
  const { options, isOnly, ranks } = context;
  const images = await imagesToLearn(files);
  for (const { file } of files) file.checkSize();
  for (const [index, { file, output }] of files.entries()) file.checkOutput(output, images.first[index] as Pixels);
  checkSigns(files, images.learned, options.noise);
  const loaded = options.model === undefined ? undefined : await Denoiser.load(options.model);
  const noise = loaded?.noise ?? noiseOf(images.learned, options);
  const level = noiseLevel(noise);
  if (!(level > 0 && Number.isFinite(level))) {
    if (isOnly) throw noNoise((files[0] as Opened).file, images.learned);
    return noise;
  }
  const learnHere = async () => await learnFrom(files, images.learned, noise, context, display);
  const denoiser = loaded ?? (await ofFirst(ranks, learnHere));
  if (options.save !== undefined && isFirst(ranks)) await denoiser.save(options.save);
  return denoiser;
}

/** The first page of each file, and pages of all files, at even distances where there are too many to hold. */
async function imagesToLearn(files: readonly Opened[]): Promise<{ first: Pixels[]; learned: Pixels[] }> {
  const values = files.reduce((sum, { file }) => sum + file.pages.length * file.shape.reduce((a, b) => a * b, 1), 0);
  const every = Math.max(1, Math.ceil(values / mostValues));
  const [first, learned]: [Pixels[], Pixels[]] = [[], []];
  let place = 0;
  for (const { file } of files) {
    for (const [k, page] of file.pages.entries()) {
      const isLearned = place++ % every === 0;
      if (k > 0 && !isLearned) continue;
      const pixels = await file.read(page);
      if (k === 0) first.push(pixels);
      if (isLearned) learned.push(pixels);
    }
  }
  const odd = files.find(({ file }) => file.shape[0] !== (files[0] as Opened).file.shape[0]);
  if (odd === undefined) return { first, learned };
  const [one, other] = [files[0] as Opened, odd].map(({ file }) => `${file.path} has ${file.shape[0]} channels`);
  throw new UsageError(`${one}, ${other}; train on each file with --each, or take --channels.`, "invalid_argument");
}

/** @throws UsageError where values are negative that the noise model does not have. */
function checkSigns(files: readonly Opened[], images: readonly Pixels[], noise: NoiseName | "auto"): void {
  if (noise !== "poisson" && noise !== "gamma") return;
  const lowest = images.reduce((least, { data }) => data.reduce((low, value) => Math.min(low, value), least), Infinity);
  if (lowest >= 0) return;
  throw new UsageError(
    `${(files[0] as Opened).file.path}: the smallest value is ${lowest}, but ${noise} noise has no negative values; ` +
      "subtract the camera's offset from the image, or take --noise poisson-gaussian.",
    "invalid_argument",
  );
}

/** The network that the first rank has learned. */
async function ofFirst(ranks: Group | undefined, learnHere: () => Promise<Denoiser>): Promise<Denoiser> {
  if (!ranks) return await learnHere();
  if (!isFirst(ranks)) return await Denoiser.load(await ranks.broadcast(new Uint8Array(0)));
  const learned = await learnHere();
  await ranks.broadcast(await learned.toBytes());
  return learned;
}

async function learnFrom(
  files: readonly Opened[],
  images: readonly Pixels[],
  noise: NoiseEstimate,
  { options, signal }: GroupContext,
  { onProgress }: ShareDisplay,
): Promise<Denoiser> {
  const checkpoint = `${(files[0] as Opened).output}.checkpoint.safetensors`;
  const toRestore = files.reduce((sum, { file }) => sum + file.pages.length * file.shape[1] * file.shape[2], 0);
  try {
    return await learn(images, {
      noise,
      loss: options.loss,
      quality: options.quality,
      toRestore,
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
  }
}

/** Restores and writes a file; the first rank returns what came of it. */
async function restoreFile(
  { file, output }: Opened,
  denoiser: Denoiser,
  { options, signal, ranks }: GroupContext,
  { onProgress }: ShareDisplay,
): Promise<FileResult | undefined> {
  const restored: Pixels[] = [];
  const against: string[] = [];
  const { noise, loss, steps } = denoiser;
  const { pages } = file;
  const byPage = ranks !== undefined && pages.length >= ranks.size;
  const cleaned = pixelsInTurn(byPage ? ranks : undefined, pages.length, async (index) => {
    const shared = ranks && !byPage ? { group: ranks } : {};
    const noisy = await file.read(pages[index] as number);
    return await denoiser.restore(noisy, { rng: new Rng(options.seed), signal, onProgress, ...shared });
  });
  for await (const clean of cleaned) {
    if (!isFirst(ranks)) continue;
    const page = pages[restored.length] as number;
    const noisy = await file.read(page);
    const found = contradictionsOf(noisy, clean, noise);
    const on = pages.length > 1 ? `page ${page + 1}: ` : "";
    against.push(...found.map((text) => on + text));
    restored.push(found.length > 0 ? noisy : clean);
  }
  if (!isFirst(ranks)) return undefined;
  const report = await file.write(output, restored);
  return { ...summary(file, output, noise, options), ...report, contradictions: against, loss, steps };
}

/** Writes a file as it was. */
async function leave({ file, output }: Opened, noise: NoiseEstimate): Promise<FileResult> {
  const pages: Pixels[] = [];
  for (const page of file.pages) pages.push(await file.read(page));
  const report = await file.write(output, pages);
  return { ...summary(file, output, noise), ...report, contradictions: [], loss: undefined, steps: undefined };
}

function summary(file: NoisyFile, output: string, noise: NoiseEstimate, options?: DenoiseOptions) {
  const [channels, height, width] = file.shape;
  const { allPages: pages } = file;
  const estimated = options === undefined || givenNoise(options) === undefined;
  const level = noiseLevel(noise);
  const { found } = noise;
  return {
    output,
    width,
    height,
    channels,
    pages,
    written: file.pages.length,
    noise: noise.noise,
    level,
    estimated,
    found,
  };
}

/** The error where no level could be estimated: what was looked at, and what was seen. */
function noNoise(file: NoisyFile, images: readonly Pixels[]): UsageError {
  const [channels, rows, columns] = file.shape;
  let [low, high] = [Infinity, -Infinity];
  for (const { data } of images) for (const value of data) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const short = (value: number): string => String(Number(value.toPrecision(3)));
  const values = low === high ? `one value, ${short(low)}` : `values from ${short(low)} to ${short(high)}`;
  return new UsageError(
    `${file.path}: no noise was found: the flattest blocks of 8x8 pixels have none, or vary as fine structure does ` +
      `(${columns}x${rows} pixels, ${channels} channel${channels === 1 ? "" : "s"}, ${values}). The image may be ` +
      "drawn, enlarged, compressed or already denoised; if it is noisy, give the level with --sigma.",
    "invalid_argument",
  );
}
