import { type Dataset, DataLoader, PatchDataset, type Sample, TensorDataset } from "../../ts/data/index.js";
import type { Group } from "../../ts/distributed/index.js";
import { distributed } from "../../ts/index.js";
import { SupLoss, SureGaussianLoss } from "../../ts/loss/index.js";
import { BatchNorm2d, Conv2d, Module } from "../../ts/nn/index.js";
import { Adam, StepLR } from "../../ts/optim/index.js";
import { Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import type { Tensor } from "../../ts/tensor/index.js";
import { Trainer, type TrainerOptions } from "../../ts/train/index.js";

/** A small network with running statistics. */
class Net extends Module {
  readonly first: Conv2d;
  readonly norm = new BatchNorm2d({ numFeatures: 4 });
  readonly last: Conv2d;

  constructor(rng: Rng) {
    super();
    const same = { kernelSize: 3, padding: 1, rng };
    this.first = new Conv2d({ inChannels: 1, outChannels: 4, ...same });
    this.last = new Conv2d({ inChannels: 4, outChannels: 1, ...same });
  }

  forward(y: Tensor): Tensor {
    return y.add(this.last.forward(this.norm.forward(this.first.forward(y)).relu()));
  }
}

/** A training with what draws: an order, patches, measurements made anew, a loss with a random direction. */
export function made(group: Group | undefined, more: Partial<TrainerOptions> = {}, seed = 0) {
  const rng = new Rng(seed);
  const model = new Net(rng.fork());
  const optimizer = new Adam(model.parameters(), { lr: 1e-2 });
  const images = new TensorDataset({ x: new Rng(42).uniform([7, 1, 12, 12]) });
  const trainer = new Trainer({
    model: model as never,
    optimizer,
    physics: new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) }),
    losses: [new SureGaussianLoss({ sigma: 0.1 }), { loss: new SupLoss(), weight: 0.5 }] as never,
    schedule: new StepLR(optimizer, { stepSize: 10, gamma: 0.5 }),
    scheduleEvery: "step",
    // 11 batches, the last of them smaller, in steps of 4: every third step lacks a batch.
    trainData: new DataLoader({
      dataset: new PatchDataset({ dataset: images, size: 8, length: 21 }),
      batchSize: 2,
      shuffle: true,
      rng: rng.fork(),
    }),
    redraw: true,
    evalData: images,
    accumulate: 4,
    epochs: 100,
    maxSteps: 20,
    readEvery: 3,
    gradClip: 1,
    ema: { decay: 0.9 },
    earlyStop: { patience: 50 },
    rng,
    ...(group ? { group } : {}),
    ...more,
  });
  return { model, optimizer, trainer };
}

export type Made = ReturnType<typeof made>;

/** Everything that a training ends with, as bytes: weights and running statistics after the last step. */
export function bitsOf({ trainer }: Made): string {
  const weights = Object.entries(trainer.lastWeights()).map(([name, value]) => {
    const { buffer, byteOffset, byteLength } = value.dataSync();
    value.dispose();
    return [name, Buffer.from(buffer, byteOffset, byteLength).toString("hex")];
  });
  return JSON.stringify(weights);
}

/** History without the times. */
export const untimed = ({ trainer }: Made): unknown[] =>
  trainer.history.map((entry) => ({ ...entry, imagesPerSecond: 0 }));

/** Runs `work` as each of n ranks of this thread. */
export async function onRanks<T>(
  n: number,
  work: (group: Group) => Promise<T>,
  options: distributed.GroupOptions = { timeout: 60 },
): Promise<PromiseSettledResult<T>[]> {
  const groups = distributed.local(n, options);
  const results = await Promise.allSettled(groups.map(work));
  for (const group of groups) group.close();
  return results;
}

/** What each rank ended with; throws where one failed. */
export function values<T>(results: readonly PromiseSettledResult<T>[]): T[] {
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

/** A dataset of which sample `bad` cannot be read. */
export class Failing implements Dataset<Tensor> {
  readonly length = 8;
  readonly #bad: (index: number) => boolean;
  readonly #images: TensorDataset;

  constructor(bad: (index: number) => boolean) {
    this.#bad = bad;
    this.#images = new TensorDataset({ x: new Rng(1).uniform([8, 1, 8, 8]) });
  }

  async get(index: number): Promise<Sample<Tensor>> {
    if (this.#bad(index)) throw new Error(`the film of image ${index} is torn`);
    return await this.#images.get(index);
  }
}
