import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { TensorDataset } from "../../ts/data/index.js";
import {
  InterleavedLossScheduler,
  RandomLossScheduler,
  StepLossScheduler,
  SupLoss,
  SureGaussianLoss,
  TVLoss,
  type Loss,
} from "../../ts/loss/index.js";
import { DnCNN } from "../../ts/nn/index.js";
import { Adam } from "../../ts/optim/index.js";
import { Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { Trainer, type TrainerOptions } from "../../ts/train/index.js";

let folder: string;
beforeAll(async () => {
  await init();
  folder = await mkdtemp(join(tmpdir(), "adjoint-scheduler-"));
});
afterAll(async () => await rm(folder, { recursive: true }));

function make(losses: Loss, more: Partial<TrainerOptions> = {}): Trainer {
  const rng = new Rng(0);
  const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 4, rng: rng.fork() });
  return new Trainer({
    model,
    physics: new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) }),
    losses,
    optimizer: new Adam(model.parameters(), { lr: 1e-2 }),
    epochs: 4,
    trainData: new TensorDataset({ x: rng.fork().uniform([12, 1, 8, 8]) }),
    batchSize: 4,
    rng,
    readEvery: 1,
    ...more,
  });
}

const bits = async ({ model }: Trainer): Promise<number[]> =>
  (await Promise.all(model.parameters().map((p) => p.data()))).flatMap((values) => [...values]);
const used = ({ history }: Trainer): string[] => history.map(({ active }) => JSON.stringify(active));

const entries = (): Loss[] => [
  new SureGaussianLoss({ sigma: 0.1, unsure: true }),
  new TVLoss({ weight: 0.1 }),
  new SupLoss(),
];
it.each([
  ["at random", () => new RandomLossScheduler({ losses: entries(), weightings: [0.5, 0.2, 0.3] })],
  ["in turn", () => new InterleavedLossScheduler({ losses: entries() })],
])("a resumed training uses the same losses as an uninterrupted one, bit-identically: %s", async (name, losses) => {
  const whole = make(losses());
  await whole.train();
  expect(new Set(used(whole)).size).toBe(3);
  const path = join(folder, name);
  await make(losses(), { maxSteps: 5, checkpoint: { path } }).train();
  const rest = make(losses());
  await rest.resume(path);
  await rest.train();
  expect(used(rest)).toEqual(used(whole));
  expect(await bits(rest)).toEqual(await bits(whole));
});

it("history records which loss was used when", async () => {
  const trainer = make(new StepLossScheduler({ losses: [new SupLoss(), new TVLoss()], epochThresh: 1 }), {
    readEvery: 3,
  });
  await trainer.train();
  expect(trainer.history.map(({ active }) => active)).toEqual([
    undefined,
    undefined,
    { SupLoss: 3, TVLoss: 3 },
    { SupLoss: 3, TVLoss: 3 },
  ]);
});
