import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DataLoader, TensorDataset } from "../../ts/data/index.js";
import { readSafetensorsFile } from "../../ts/io/index.js";
import { SureGaussianLoss } from "../../ts/loss/index.js";
import { Metric, MSE, PSNR } from "../../ts/metric/index.js";
import { DnCNN } from "../../ts/nn/index.js";
import { Adam } from "../../ts/optim/index.js";
import { Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { tensor, type Tensor } from "../../ts/tensor/index.js";
import { Trainer, type TrainerOptions } from "../../ts/train/index.js";
import { constants, type Gain, gainTrainer, Towards } from "./gain.js";

let folder: string;
beforeAll(async () => {
  await init({ device: "cpu" });
  folder = await mkdtemp(join(tmpdir(), "adjoint-best-"));
});
afterAll(async () => await rm(folder, { recursive: true }));

/** A metric whose values after each epoch are given, one for each image. */
class Scripted extends Metric {
  override readonly lowerBetter = false;
  trainer: Trainer | undefined;
  constructor(readonly script: readonly (readonly number[])[]) {
    super("Scripted");
  }
  protected metric(xNet: Tensor): Tensor {
    // Training batches are measured before an epoch is over.
    const values = this.script[Math.max(0, (this.trainer?.epoch ?? 1) - 1)] as readonly number[];
    return tensor([...values].slice(0, xNet.shape[0]));
  }
}

/** A training whose weights grow by 1 in each epoch: after epoch n they are 1 + n. */
function make(script: readonly (number | readonly number[])[], more: Partial<TrainerOptions> = {}) {
  const values = script.map((value) => (typeof value === "number" ? [value] : value));
  const scripted = new Scripted(values);
  const made: { model: Gain; trainer: Trainer } = gainTrainer(
    {
      losses: new Towards(1),
      epochs: script.length,
      evalData: { length: 1, get: () => constants((values[0] as number[]).length).get(0) },
      metrics: [scripted, new MSE()],
      ...more,
    },
    1,
  );
  scripted.trainer = made.trainer;
  return made;
}
const n = (value: number): number[] => [value, value];

describe("the weights at the end", () => {
  it("are those of the best evaluation with earlyStop", async () => {
    const { model, trainer } = make([1, 3, 2, 2, 2, 2], { earlyStop: { patience: 3 } });
    await trainer.train();
    expect(trainer.epoch).toBe(5);
    expect(model.values()).toEqual(n(3));
    expect(trainer.best).toEqual({ name: "Scripted", value: 3, step: 2, epoch: 2 });
    expect([...(trainer.lastWeights()["weight"] as Tensor).dataSync()]).toEqual(n(6));
  });

  it.each<[string, Partial<TrainerOptions>, number]>([
    ["best, without an early stop", { best: {} }, 3],
    ["best by another metric: the smallest MSE is that of the weights nearest to 1", { best: { metric: "MSE" } }, 2],
    ["the last without either", {}, 5],
    ["the last with restore: false", { best: { restore: false } }, 5],
    ["the last with restore: false and earlyStop", { best: { restore: false }, earlyStop: { patience: 9 } }, 5],
  ])("are %s", async (_, more, weight) => {
    const { model, trainer } = make([1, 3, 2, 2], more);
    await trainer.train();
    expect(model.values()).toEqual(n(weight));
  });

  it("are in a file, which has only ever the best", async () => {
    const path = join(folder, "best.safetensors");
    const seen: number[] = [];
    const onEvaluation = async () => {
      const { tensors } = await readSafetensorsFile(path);
      seen.push((tensors["weight"] as Tensor).dataSync()[0] as number);
    };
    const { trainer } = make([1, 3, 2, 4], { best: { path }, onEvaluation });
    await trainer.train();
    expect(seen).toEqual([2, 3, 3, 5]);
    const { metadata } = await readSafetensorsFile(path);
    expect(metadata).toEqual({ Scripted: "4", step: "4", epoch: "4" });
    expect((await readdir(folder)).filter((name) => name.includes("tmp"))).toEqual([]);
  });

  it("survive a checkpoint, which goes on from the last weights", async () => {
    for (const [script, best] of [
      [[1, 3, 2, 2], 3],
      [[1, 3, 2, 4], 5],
    ] as const) {
      const path = join(folder, "checkpoint");
      const first = make(script, { best: {}, maxSteps: 3, checkpoint: { path } });
      await first.trainer.train();
      expect(first.model.values()).toEqual(n(3));
      const rest = make(script, { best: {} });
      await rest.trainer.resume(path);
      expect(rest.model.values()).toEqual(n(4));
      expect(rest.trainer.best?.value).toBe(3);
      await rest.trainer.train();
      expect(rest.model.values()).toEqual(n(best));
      expect([...(rest.trainer.lastWeights()["weight"] as Tensor).dataSync()]).toEqual(n(5));
    }
  });

  it("of another criterion in a checkpoint are not compared with", async () => {
    const path = join(folder, "other");
    await make([9, 9, 9, 9], { best: {}, maxSteps: 2, checkpoint: { path } }).trainer.train();
    const rest = make([9, 9, 9, 9], { best: { metric: "MSE" } });
    await rest.trainer.resume(path);
    expect(rest.trainer.best).toBeNull();
    await rest.trainer.train();
    expect(rest.trainer.best).toMatchObject({ name: "MSE", epoch: 3 });
  });

  it("a checkpoint that is saved afterwards holds the last weights, and training goes on from them", async () => {
    const path = join(folder, "afterwards");
    const { model, trainer } = make([1, 3, 2, 2], { best: {} });
    await trainer.train();
    await trainer.save(path);
    expect(model.values()).toEqual(n(3));
    await trainer.train();
    expect(model.values()).toEqual(n(3));
    expect([...(trainer.lastWeights()["weight"] as Tensor).dataSync()]).toEqual(n(5));
    const rest = make([1, 3, 2, 2, 1], { best: {} });
    await rest.trainer.resume(path);
    expect(rest.model.values()).toEqual(n(5));
    await rest.trainer.train();
    expect(rest.trainer.step).toBe(5);
    expect(rest.model.values()).toEqual(n(3));
  });
});

describe("values that are not finite", () => {
  const nan = Number.NaN;
  const pair = () => new DataLoader({ dataset: constants(2), batchSize: 2 });

  it("are left out of the mean, and never win", async () => {
    const script = [
      [1, 1],
      [nan, 3],
      [2, 2],
      [nan, 2],
      [9, 9],
    ];
    const { model, trainer } = make(script, { evalData: pair(), earlyStop: { patience: 2 } });
    const history = await trainer.train();
    const means = history.flatMap(({ evalMetrics }) => evalMetrics?.["Scripted"] ?? []);
    expect(means).toEqual([1, 3, 2, 2]);
    expect(model.values()).toEqual(n(3));
  });

  it("of a whole evaluation end the training with an error where they decide", async () => {
    const script = [
      [1, 1],
      [nan, nan],
      [2, 2],
    ];
    for (const more of [{ earlyStop: { patience: 9 } }, { best: {} }]) {
      const { trainer } = make(script, { evalData: pair(), ...more });
      await expect(trainer.train()).rejects.toMatchObject({
        name: "AdjointError",
        code: "non_finite_evaluation",
        message: expect.stringMatching(/Scripted of the whole evaluation is NaN: no image has a finite value/),
      });
      expect(trainer.epoch).toBe(2);
    }
    const { trainer } = make(script, { evalData: pair() });
    expect((await trainer.train()).flatMap(({ evalMetrics }) => evalMetrics?.["Scripted"] ?? [])).toEqual([1, nan, 2]);
  });
});

it("a real training keeps the best PSNR and ends with it", async () => {
  const rng = new Rng(3);
  const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 4, rng: rng.fork() });
  const data = new TensorDataset({ x: rng.fork().uniform([6, 1, 8, 8]) });
  const trainer = new Trainer({
    model,
    physics: new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) }),
    losses: new SureGaussianLoss({ sigma: 0.1 }),
    // Too large a rate: the PSNR goes up and down.
    optimizer: new Adam(model.parameters(), { lr: 0.1 }),
    epochs: 30,
    trainData: data,
    batchSize: 3,
    evalData: data,
    metrics: [new PSNR()],
    earlyStop: { patience: 4 },
    rng,
  });
  const history = await trainer.train();
  const values = history.flatMap(({ evalMetrics }) => evalMetrics?.["PSNR"] ?? []);
  const best = Math.max(...values);
  expect(values.at(-1)).toBeLessThan(best);
  expect((await trainer.test(data)).metrics["PSNR"]?.mean).toBe(best);
});
