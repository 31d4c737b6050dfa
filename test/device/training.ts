import { TensorDataset } from "../../ts/data/index.js";
import { MCLoss, SureGaussianLoss, TVLoss } from "../../ts/loss/index.js";
import { DnCNN, UNet } from "../../ts/nn/index.js";
import { Adam, SGD } from "../../ts/optim/index.js";
import { Denoising, GaussianNoise, Inpainting } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { tidy } from "../../ts/tensor/index.js";
import { Trainer } from "../../ts/train/index.js";
import { asOnCpu, numbersOf, type DeviceCheck, type Numbers } from "./check.js";

const channels = { inChannels: 1, outChannels: 1 } as const;

/** A few steps of the trainer, and the weights after them. */
const trainings = {
  async "DnCNN with SURE"() {
    const rng = new Rng(3);
    const model = new DnCNN({ ...channels, depth: 3, nf: 4, rng });
    const trainer = new Trainer({
      model,
      physics: new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.2 }) }),
      losses: new SureGaussianLoss({ sigma: 0.2 }),
      optimizer: new Adam(model.parameters(), { lr: 1e-3 }),
      trainData: new TensorDataset({ x: rng.uniform([4, 1, 8, 8]) }),
      epochs: 1,
      gradClip: 1,
      rng,
    });
    await trainer.train();
    return model;
  },
  async "U-Net with consistency and total variation"() {
    const rng = new Rng(4);
    const model = new UNet({ ...channels, scales: 2, channelsPerScale: [4, 8], rng });
    const trainer = new Trainer({
      model,
      physics: new Inpainting({ imgSize: [1, 8, 8], mask: rng.bernoulli([1, 1, 8, 8], 0.7) }),
      losses: [new MCLoss(), new TVLoss({ weight: 0.01 })],
      optimizer: new SGD(model.parameters(), { lr: 0.1 }),
      trainData: new TensorDataset({ x: rng.uniform([2, 1, 8, 8]) }),
      epochs: 1,
      rng,
    });
    await trainer.train();
    return model;
  },
} as const;

/** Largest error of a weight tensor after the training, relative to its largest weight. */
const TOLERANCE = 1e-3;

async function weightsAfter(train: () => Promise<DnCNN | UNet>): Promise<Numbers[]> {
  const model = await train();
  const weights = tidy(() =>
    Object.fromEntries(model.namedParameters().map(([name, t]) => [name, t.detach().clone()])),
  );
  model.dispose();
  return await numbersOf(weights);
}

/** Trainings, against the CPU with the same draws. */
export const trainingChecks: readonly DeviceCheck[] = Object.entries(trainings).map(([name, train]) =>
  asOnCpu(`training of ${name}`, async () => await weightsAfter(train), TOLERANCE),
);
