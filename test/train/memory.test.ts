import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { TensorDataset } from "../../ts/data/index.js";
import { adversarial, RandomLossScheduler, SureGaussianLoss, TVLoss } from "../../ts/loss/index.js";
import { MSE, PSNR } from "../../ts/metric/index.js";
import { DnCNN, PatchGANDiscriminator } from "../../ts/nn/index.js";
import { Adam, StepLR } from "../../ts/optim/index.js";
import { Denoising, GaussianNoise, SigmaGenerator } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { memory } from "../../ts/tensor/index.js";
import { AdversarialTrainer, Trainer, type TrainerOptions } from "../../ts/train/index.js";
import { collectGarbage } from "./garbage.js";

let folder: string;
beforeAll(async () => {
  await init({ device: "cpu" });
  folder = await mkdtemp(join(tmpdir(), "adjoint-memory-"));
});
afterAll(async () => await rm(folder, { recursive: true }));

/** Every option at once, on a tiny network. */
function everyOption(figures: Map<number, { tensors: number; bytes: number }>): TrainerOptions {
  const stream = new Rng(0);
  const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 2, nf: 2, rng: stream.fork() });
  const optimizer = new Adam(model.parameters(), { lr: 1e-3 });
  const images = () => new TensorDataset({ x: stream.fork().uniform([8, 1, 4, 4]) });
  const measured = new TensorDataset({ y: stream.fork().uniform([2, 1, 4, 4]) });
  const physics = () => new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
  return {
    model,
    physics: [physics(), physics()],
    physicsGenerator: new SigmaGenerator({ sigmaMin: 0.05, sigmaMax: 0.1 }),
    losses: [
      [new SureGaussianLoss({ sigma: 0.1, unsure: true }), { loss: new TVLoss(), weight: 0.1 }],
      [
        new RandomLossScheduler({
          losses: [new TVLoss(), new SureGaussianLoss({ sigma: "physics" })],
          weightings: [0.5, 0.5],
        }),
      ],
    ],
    optimizer,
    schedule: new StepLR(optimizer, { stepSize: 100, gamma: 0.9 }),
    scheduleEvery: "step",
    epochs: 1000,
    maxSteps: 1000,
    trainData: [images(), images()],
    batchSize: 2,
    accumulate: 2,
    gradClip: 1,
    ema: { decay: 0.9 },
    evalData: [images(), measured],
    evalEvery: { steps: 50 },
    evalLosses: true,
    metrics: [new PSNR(), new MSE()],
    baselines: { y: (y) => y },
    earlyStop: { patience: 1000, loss: "total" },
    best: { path: join(folder, "best.safetensors"), metric: "PSNR" },
    onProgress: ({ step }) => figures.set(step, memory()),
    onEvaluation: async () => {},
    loggers: [{ scalars() {}, images() {} }],
    checkpoint: { path: join(folder, "checkpoint.safetensors"), every: 100 },
    historyPath: join(folder, "history.jsonl"),
    rng: stream,
    readEvery: 10,
  };
}

it.each([false, true])(
  "memory is as much after 1,000 steps as after 100 with every option; redraw: %s",
  async (redraw) => {
    await collectGarbage();
    const figures = new Map<number, { tensors: number; bytes: number }>();
    const trainer = new Trainer({ ...everyOption(figures), redraw });
    await trainer.train();
    // The garbage of others may go in between: it is never more.
    for (const of of ["tensors", "bytes"] as const)
      expect(figures.get(1000)?.[of]).toBeLessThanOrEqual(figures.get(110)?.[of] ?? 0);
    expect(trainer.step).toBe(1000);
  },
);

it("so it is in adversarial training, and everything is freed in the end", async () => {
  await collectGarbage();
  const figures = new Map<number, { tensors: number; bytes: number }>();
  const options = everyOption(figures);
  const D = new PatchGANDiscriminator({ inputNc: 1, ndf: 2, nLayers: 1 });
  const trainer = new AdversarialTrainer({
    ...options,
    losses: new adversarial.UnsupAdversarialGeneratorLoss({}),
    D,
    lossesD: new adversarial.UnsupAdversarialDiscriminatorLoss({}),
    optimizerD: new Adam(D.parameters(), { lr: 1e-3 }),
    maxSteps: 300,
  });
  await trainer.train();
  expect(figures.get(300)).toEqual(figures.get(110));
  const before = memory().tensors;
  trainer.dispose();
  // The best, the averaged and the last weights: four tensors each, the average of two layers.
  expect(before - memory().tensors).toBe(3 * options.model.parameters().length);
});
