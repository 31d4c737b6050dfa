import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DataLoader, MeasuredDataset, TensorDataset } from "../../ts/data/index.js";
import { adversarial, MCLoss, R2RLoss, SupLoss, TVLoss } from "../../ts/loss/index.js";
import { Metric } from "../../ts/metric/index.js";
import { DnCNN, PatchGANDiscriminator } from "../../ts/nn/index.js";
import { SGD } from "../../ts/optim/index.js";
import { Denoising, GaussianNoise, Inpainting, stack, TensorList, type Physics } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { full, type Tensor, where } from "../../ts/tensor/index.js";
import { AdversarialTrainer, Trainer, type TrainerOptions } from "../../ts/train/index.js";
import { constants, gainTrainer } from "./gain.js";

let folder: string;
beforeAll(async () => {
  await init({ device: "cpu" });
  folder = await mkdtemp(join(tmpdir(), "adjoint-in-turn-"));
});
afterAll(async () => await rm(folder, { recursive: true }));

const of = (value: number, count = 1) => new TensorDataset({ x: full([count, 2, 1, 1], value) });
const inOrder = (value: number, count: number) => new DataLoader({ dataset: of(value, count) });

describe("several data sets", () => {
  it("are taken in turn; an epoch takes every batch of each once", async () => {
    const { model, trainer } = gainTrainer({ trainData: [inOrder(1, 4), inOrder(2, 1), inOrder(3, 2)], epochs: 2 });
    expect(trainer.steps).toBe(14);
    await trainer.train();
    const epoch = [1, 2, 3, 1, 3, 1, 1];
    expect(model.seen.map(({ y }) => y[0])).toEqual([...epoch, ...epoch]);
    expect(trainer.epoch).toBe(2);
  });

  it("have a physics each, or one for all; one data set is taken by several physics", async () => {
    const twice = new Denoising({ sensorModel: (y: Tensor) => y.mul(2), noiseModel: new GaussianNoise({ sigma: 0 }) });
    const once = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0 }) });
    const seen = async (options: Partial<TrainerOptions>) => {
      const { model, trainer } = gainTrainer(options);
      await trainer.train();
      return model.seen.map(({ y }) => y[0]);
    };
    expect(await seen({ physics: [once, twice], trainData: [inOrder(1, 2), inOrder(10, 2)] })).toEqual([1, 20, 1, 20]);
    expect(await seen({ physics: twice, trainData: [inOrder(1, 2), inOrder(10, 2)] })).toEqual([2, 20, 2, 20]);
    expect(await seen({ physics: [once, twice], trainData: inOrder(1, 2) })).toEqual([1, 2, 1, 2]);
    expect(await seen({ physics: [once, twice], trainData: of(1, 2) })).toEqual([1, 2, 1, 2]);
    expect(await seen({ physics: [once, twice], trainData: inOrder(1, 2), redraw: true })).toEqual([1, 2, 1, 2]);
  });

  it("have losses of their own, with a model adapted to these", async () => {
    const [sup, tv, r2r] = [new SupLoss(), new TVLoss(), new R2RLoss()];
    const noisy = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
    const x = new Rng(0).uniform([4, 1, 4, 4]);
    const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 2, nf: 2 });
    const trainer = new Trainer({
      model,
      physics: noisy,
      losses: [
        [sup, { loss: tv, weight: 0.1 }],
        [r2r, tv],
      ],
      optimizer: new SGD(model.parameters(), { lr: 1e-3 }),
      trainData: [new TensorDataset({ x }), new TensorDataset({ y: x })],
      readEvery: 1,
      epochs: 1,
      evalData: [new TensorDataset({ x }), new TensorDataset({ y: x })],
      rng: new Rng(0),
    });
    const history = await trainer.train();
    const names = history.flatMap(({ losses }) => (losses ? [Object.keys(losses).join()] : []));
    expect(names).toEqual(
      ["SupLoss,TVLoss", "R2RLoss,TVLoss", "SupLoss,TVLoss", "R2RLoss,TVLoss"].concat(names.slice(4)),
    );
    expect(names).toHaveLength(8);
    const last = history.at(-1);
    expect(Object.keys(last?.evalMetrics ?? {})).toEqual(["PSNR"]);
    expect(Object.keys(last?.evalLosses ?? {})).toEqual(["R2RLoss", "TVLoss"]);
    expect(trainer.model).toBe(model);
  });

  it("go on from a checkpoint where they were", async () => {
    const path = join(folder, "in-turn");
    const options = (more: Partial<TrainerOptions> = {}): Partial<TrainerOptions> => ({
      trainData: [constants(4), of(20, 2), of(30, 3)],
      epochs: 2,
      ...more,
    });
    const whole = gainTrainer(options());
    await whole.trainer.train();
    const order = whole.model.seen.map(({ y }) => y[0]);
    for (const maxSteps of [1, 4, 9, 13]) {
      await gainTrainer(options({ maxSteps, checkpoint: { path } })).trainer.train();
      const rest = gainTrainer(options({ rng: new Rng(5) }));
      await rest.trainer.resume(path);
      await rest.trainer.train();
      expect(rest.model.seen.map(({ y }) => y[0])).toEqual(order.slice(maxSteps));
    }
    await expect(gainTrainer({ trainData: constants(4) }).trainer.resume(path)).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining("3 data sets, this one has 1"),
    });
  });

  it("of stacked physics are measured once as well", async () => {
    const physics = stack(
      new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) }),
      new Inpainting({ imgSize: [2, 1, 1], mask: 1 }),
    );
    const seen: string[][] = [];
    const { model, trainer } = gainTrainer({ physics, losses: new SupLoss(), trainData: inOrder(1, 3), epochs: 2 });
    const own = model.forward.bind(model);
    model.forward = (y: Tensor | TensorList) => {
      const list = y as TensorList;
      seen.push(list.map((t) => [...t.dataSync()].join()));
      return own(list.at(0));
    };
    await trainer.train();
    expect(seen).toHaveLength(6);
    expect(seen.slice(3)).toEqual(seen.slice(0, 3));
    expect(new Set(seen.map(([y]) => y)).size).toBe(3);
  });
});

describe("several data sets for evaluation", () => {
  /** Not defined for images of more than 5. */
  class Small extends Metric {
    constructor() {
      super("Small");
    }
    protected metric(_xNet: Tensor, x: Tensor): Tensor {
      return where(x.mean([1, 2, 3]).gt(5), Number.NaN, x.mean([1, 2, 3]));
    }
  }

  it("are one: the mean is over the images of all that a metric is defined for", async () => {
    const { trainer } = gainTrainer({
      trainData: [of(1), of(1), of(1)],
      evalData: [of(1, 3), of(9, 2), constants(6)],
      metrics: [new Small()],
      best: {},
    });
    const history = await trainer.train();
    // 1, 1, 1; none; 1, 2, 3, 4, 5.
    expect(history.at(-1)?.evalMetrics).toEqual({ Small: 18 / 8 });
  });
});

describe("accumulate", () => {
  const rng = () => new Rng(1);
  const x = () => rng().uniform([10, 1, 8, 8]);
  const physics: Physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
  const data = () => new MeasuredDataset({ dataset: new TensorDataset({ x: x() }), physics, seed: 3 });

  async function trained(batchSize: number, accumulate: number, more: Partial<TrainerOptions> = {}) {
    const stream = new Rng(0);
    const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 4, rng: stream.fork() });
    const trainer = new Trainer({
      model,
      physics,
      losses: [new SupLoss(), { loss: new MCLoss(), weight: 0.5 }],
      optimizer: new SGD(model.parameters(), { lr: 0.5 }),
      epochs: 3,
      trainData: new DataLoader({ dataset: data(), batchSize, shuffle: true, rng: stream.fork() }),
      accumulate,
      rng: stream,
      readEvery: 1,
      ...more,
    });
    await trainer.train();
    const weights = (await Promise.all(model.parameters().map((p) => p.data()))).flatMap((v) => [...v]);
    return { trainer, weights };
  }

  it.each([
    [2, 2],
    [1, 4],
    // The last step has six images: batches of 3, 3 and 3, 1.
    [3, 2],
  ])("batches of %i, %i together, train as one large batch up to rounding", async (batchSize, accumulate) => {
    const large = await trained(batchSize * accumulate, 1);
    const small = await trained(batchSize, accumulate);
    expect(small.trainer.step).toBe(large.trainer.step);
    expect(small.trainer.steps).toBe(large.trainer.steps);
    const change = Math.max(...small.weights.map((value, i) => Math.abs(value - (large.weights[i] as number))));
    expect(change).toBeLessThan(1e-6);
    const separate = await trained(batchSize, 1);
    expect(Math.max(...separate.weights.map((v, i) => Math.abs(v - (large.weights[i] as number))))).toBeGreaterThan(
      1e-3,
    );
  });

  it("clips the gradient of all batches together", async () => {
    const clipped = async (batchSize: number, accumulate: number) =>
      (await trained(batchSize, accumulate, { gradClip: 1e-3 })).weights;
    const [small, large] = [await clipped(2, 2), await clipped(4, 1)];
    for (const [i, value] of small.entries()) expect(value).toBeCloseTo(large[i] as number, 6);
  });

  it("of adversarial training: generator and discriminator alike", async () => {
    const run = async (batchSize: number, accumulate: number) => {
      const stream = new Rng(0);
      const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 2, nf: 2, rng: stream.fork() });
      const D = new PatchGANDiscriminator({ inputNc: 1, ndf: 2, nLayers: 1, batchNorm: false, rng: stream.fork() });
      const trainer = new AdversarialTrainer({
        model,
        D,
        physics,
        losses: [new SupLoss(), new adversarial.SupAdversarialGeneratorLoss({})],
        lossesD: new adversarial.SupAdversarialDiscriminatorLoss({}),
        optimizer: new SGD(model.parameters(), { lr: 0.1 }),
        optimizerD: new SGD(D.parameters(), { lr: 0.1 }),
        stepRatioD: 2,
        trainData: new DataLoader({ dataset: data(), batchSize, rng: stream.fork() }),
        epochs: 2,
        accumulate,
        rng: stream,
        readEvery: 1,
      });
      const history = await trainer.train();
      const all = [...model.parameters(), ...D.parameters()];
      return { history, weights: (await Promise.all(all.map((p) => p.data()))).flatMap((v) => [...v]) };
    };
    const [small, large] = [await run(2, 2), await run(4, 1)];
    for (const [i, value] of small.weights.entries()) expect(value).toBeCloseTo(large.weights[i] as number, 5);
    expect(small.history).toHaveLength(large.history.length);
    expect(Object.keys(small.history[0]?.discriminator ?? {})).toEqual(["total", "SupAdversarialDiscriminatorLoss"]);
  });
});
