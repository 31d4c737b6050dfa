import { DataLoader } from "../data/index.js";
import type { Pixels } from "../io/index.js";
import { type Loss, Neighbor2Neighbor, R2RLoss, SureGaussianLoss, SurePoissonLoss } from "../loss/index.js";
import { Adam, CosineAnnealingLR } from "../optim/index.js";
import { Denoising, type GaussianNoise, type NoiseModel, type PoissonNoise } from "../physics/index.js";
import { type RandomSource, resolveRng, Rng } from "../random/index.js";
import { ArgumentError, checkNumber, checkOptions, checkWord } from "../runtime/index.js";
import { Trainer } from "../train/index.js";
import { checkImages } from "./check-images.js";
import { Denoiser, workPerRestoredPixel } from "./denoiser.js";
import { Domain } from "./domain.js";
import { LearningPatches } from "./learning-patches.js";
import { areBetter, estimatedRisks, holdBack } from "./judge.js";
import { resetToStart, startNetwork } from "./network.js";
import type { NoiseEstimate } from "./noise-estimate.js";
import { type DenoiseProgress, Phases } from "./phases.js";
import { type Quality, stepFactors } from "./quality.js";

/** A loss by a short name; `auto` takes R2R. */
export type LossChoice = "auto" | "sure" | "r2r" | "neighbor2neighbor";

/** Options of {@link learn}. */
export interface LearnOptions {
  /** The noise of the images, as `estimateNoise` or `knownNoise` give it. */
  readonly noise: NoiseEstimate;
  /** How much time is spent. Default: `"normal"`. */
  readonly quality?: Quality;
  /** The loss that is minimised. Default: `"auto"`. */
  readonly loss?: LossChoice;
  /** Training steps. Default: 300 to 1000, depending on the number of pixels, times the factor of the quality. */
  readonly steps?: number;
  /** Pixels that will be restored afterwards, for the time left. Default: those of the images. */
  readonly toRestore?: number;
  /** Random stream. Default: that of the library. */
  readonly rng?: RandomSource;
  /** Aborting it ends the learning with its reason. */
  readonly signal?: AbortSignal;
  /** Called while the network learns. */
  readonly onProgress?: (progress: DenoiseProgress) => unknown;
  /** File of the state that is written when the learning is aborted. Default: none. */
  readonly checkpoint?: string;
  /** File of such a state to continue from: images and options must be the same. */
  readonly resume?: string;
}

const keys = [
  "noise",
  "quality",
  "loss",
  "steps",
  "toRestore",
  "rng",
  "signal",
  "onProgress",
  "checkpoint",
  "resume",
] as const satisfies readonly (keyof LearnOptions)[];

const batchSize = 4;

/** The network has learned already: small steps adapt it. */
const learningRate = 3e-4;

/** A step costs a forward and a backward pass, which takes about twice as long. */
const workPerPixel = 3;

/**
 * Adapts one network to all images, which are noisy: no ground truth is needed. It starts from the network of the
 * package, which removes noise of the level it is told.
 *
 * A quarter of the images, in squares, is held back. Where the estimated risk there has not become smaller, the network
 * is that of the start (`isAdapted` of the result).
 *
 * @throws ArgumentError `invalid_argument` where images have different numbers of channels, are smaller than 8 x 8 or
 * have values that are not finite; `incompatible_physics` where the loss does not fit the noise; the Trainer's errors.
 */
export async function learn(images: readonly Pixels[], options: LearnOptions): Promise<Denoiser> {
  checkOptions("denoise.learn", options, keys);
  checkImages("denoise.learn", images);
  const { noise, loss: choice = "auto", signal, onProgress, checkpoint, resume } = options;
  const quality = checkWord("denoise.learn", "quality", options.quality ?? "normal", ["fast", "normal", "best"]);
  const rng = resolveRng(options.rng);
  const domain = Domain.of(images, noise);
  const pixels = images.reduce((sum, { shape: [, rows, columns] }) => sum + rows * columns, 0);
  const given = options.steps;
  if (given !== undefined) checkNumber("denoise.learn", "steps", given, { integer: true, positive: true });
  const steps = given ?? defaultSteps(pixels, quality);
  const loss = chooseLoss(choice, domain.noiseModel);
  const model = await startNetwork();
  const restoringWork = (options.toRestore ?? pixels) * workPerRestoredPixel;
  if (steps === 0) {
    const phases = new Phases(0, restoringWork);
    return new Denoiser({ model, domain, quality, loss: loss.name, steps, isAdapted: false, phases });
  }
  if (loss instanceof R2RLoss) model.varianceShare = 1 - loss.alpha;
  const { learned, judging } = holdBack(images);
  const physics = new Denoising({ noiseModel: domain.noiseModel });
  const before = await estimatedRisks(model, judging, domain, physics, new Rng(0));
  const optimizer = new Adam(model.parameters(), { lr: learningRate });
  const dataset = new LearningPatches(learned, domain, steps * batchSize);
  const workPerStep = workPerPixel * batchSize * dataset.size[0] * dataset.size[1];
  const phases = new Phases(steps * workPerStep, restoringWork);
  const started = performance.now();
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
    onProgress: ({ step }) => onProgress?.(phases.learned(step * workPerStep, (performance.now() - started) / 1000)),
  });
  if (resume !== undefined) await trainer.resume(resume);
  try {
    await trainer.train(signal ? { signal } : {});
  } catch (error) {
    if (signal?.aborted && checkpoint !== undefined) await trainer.save(checkpoint);
    throw error;
  }
  const after = await estimatedRisks(model, judging, domain, physics, new Rng(0));
  const isAdapted = areBetter(after.map((risk, k) => risk - (before[k] as number)));
  if (!isAdapted) await resetToStart(model);
  return new Denoiser({ model, domain, quality, loss: loss.name, steps, isAdapted, phases });
}

/** None at all, or 300 to 1000 times the factor of the quality: a long training overfits a small image. */
function defaultSteps(pixels: number, quality: Quality): number {
  return Math.ceil(stepFactors[quality] * Math.min(1000, Math.max(300, pixels / 64)));
}

/**
 * R2R fits all these noise models and adds new noise in each step: on one image it does as well as SURE at half the
 * cost.
 */
function chooseLoss(choice: LossChoice, noise: NoiseModel): Loss {
  const name = checkWord("denoise.learn", "loss", choice, ["auto", "sure", "r2r", "neighbor2neighbor"]);
  if (name === "neighbor2neighbor") return new Neighbor2Neighbor();
  if (name !== "sure") return new R2RLoss();
  if (noise.kind === "gaussian") return new SureGaussianLoss({ sigma: (noise as GaussianNoise).sigma as number });
  if (noise.kind === "poisson") return new SurePoissonLoss({ gain: (noise as PoissonNoise).gain as number });
  throw new ArgumentError(
    `denoise.learn: the loss sure does not fit ${noise.kind} noise; r2r and neighbor2neighbor do.`,
    "incompatible_physics",
  );
}
