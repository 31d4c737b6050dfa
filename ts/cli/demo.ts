import { fileURLToPath } from "node:url";
import { DataLoader, ImageFolder, MeasuredDataset, PatchDataset } from "../data/index.js";
import { type Loss, SupLoss, SureGaussianLoss } from "../loss/index.js";
import { PSNR } from "../metric/index.js";
import { DnCNN, startAtIdentity } from "../nn/index.js";
import { Adam, CosineAnnealingLR } from "../optim/index.js";
import { Denoising, GaussianNoise } from "../physics/index.js";
import { Rng } from "../random/index.js";
import { type Progress, Trainer } from "../train/index.js";

/** Standard deviation of the noise, for values from 0 to 1. */
export const sigma = 0.1;
/** Patches per step. */
export const batchSize = 8;
const patchSize = 48;
const heldBack = ["camera", "chelsea"];
const training = [
  "astronaut",
  "brick",
  "cell",
  "coffee",
  "coins",
  "grass",
  "gravel",
  "hubble_deep_field",
  "moon",
  "rocket",
];

/** The photographs of the demonstration, in grey. */
export interface Photographs {
  readonly train: ImageFolder;
  readonly test: ImageFolder;
  /** Names of the test images. */
  readonly names: readonly string[];
}

/** Opens the bundled photographs. */
export async function openPhotographs(): Promise<Photographs> {
  const path = fileURLToPath(new URL("../../examples/images", import.meta.url));
  const [train, test] = (await Promise.all(
    [training, heldBack].map((names) => ImageFolder.open({ path, channels: "grey", names })),
  )) as [ImageFolder, ImageFolder];
  return { train, test, names: heldBack };
}

/** One training of the demonstration. */
export interface Run {
  readonly model: DnCNN;
  readonly physics: Denoising<GaussianNoise>;
  readonly trainer: Trainer;
  /** Frees the weights and the optimiser's state. */
  dispose(): void;
}

/** Options of {@link makeRun}. */
export interface RunOptions {
  readonly photographs: Photographs;
  readonly groundTruth: boolean;
  readonly steps: number;
  readonly seed: number;
  readonly checkpoint?: string;
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * A training with or without ground truth. The same seed gives both the same initial weights, measurements and patches:
 * each photograph is measured once, and random patches are cut from photograph and measurement.
 */
export function makeRun({ photographs, groundTruth, steps, seed, checkpoint, onProgress }: RunOptions): Run {
  const rng = new Rng(seed);
  const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 7, nf: 32, rng: rng.fork() });
  startAtIdentity(model);
  const optimizer = new Adam(model.parameters(), { lr: 2e-3 });
  const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma }) });
  const losses: Loss = groundTruth ? new SupLoss() : new SureGaussianLoss({ sigma });
  const measured = new MeasuredDataset({ dataset: photographs.train, physics, seed });
  const dataset = new PatchDataset({ dataset: measured, size: patchSize, length: steps * batchSize });
  const trainer = new Trainer({
    model,
    physics,
    losses,
    optimizer,
    schedule: new CosineAnnealingLR(optimizer, { tMax: steps }),
    scheduleEvery: "step",
    trainData: new DataLoader({ dataset, batchSize, shuffle: true, rng: rng.fork() }),
    metrics: [new PSNR()],
    rng,
    ...(checkpoint === undefined ? {} : { checkpoint: { path: checkpoint } }),
    ...(onProgress ? { onProgress } : {}),
  });
  return { model, physics, trainer, dispose: () => [model, optimizer].forEach((part) => part.dispose()) };
}

/** Seconds per step: the mean of forty steps of each training, after a few warm-up steps. */
export async function secondsPerStep(
  photographs: Photographs,
  seed: number,
): Promise<{ unsupervised: number; supervised: number }> {
  const time = async (groundTruth: boolean): Promise<number> => {
    const [warmUp, timed] = [5, 40];
    const first = makeRun({ photographs, groundTruth, steps: warmUp, seed });
    await first.trainer.train();
    first.dispose();
    const measured = makeRun({ photographs, groundTruth, steps: timed, seed });
    const started = performance.now();
    await measured.trainer.train();
    const seconds = (performance.now() - started) / 1000;
    measured.dispose();
    return seconds / timed;
  };
  return { unsupervised: await time(false), supervised: await time(true) };
}
