import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MSE } from "../../ts/metric/index.js";
import { BatchNorm2d, Module } from "../../ts/nn/index.js";
import { SGD } from "../../ts/optim/index.js";
import { Denoising } from "../../ts/physics/index.js";
import { init } from "../../ts/runtime/index.js";
import { type Tensor } from "../../ts/tensor/index.js";
import { Trainer, type TrainerOptions } from "../../ts/train/index.js";
import { constants, gainTrainer, Towards } from "./gain.js";

let folder: string;
beforeAll(async () => {
  await init({ device: "cpu" });
  folder = await mkdtemp(join(tmpdir(), "adjoint-averaged-"));
});
afterAll(async () => await rm(folder, { recursive: true }));

/** Weights 1 + n after step n, averaged. */
const make = (more: Partial<TrainerOptions> = {}) =>
  gainTrainer({ losses: new Towards(1), epochs: 4, ema: { decay: 0.75 }, ...more }, 1);

/** `a = 0.75 a + 0.25 w` from the weights after the first step. */
function average(steps: number): number {
  let a = 2;
  for (let n = 2; n <= steps; n++) a += 0.25 * (1 + n - a);
  return a;
}

describe("ema", () => {
  it("averages the weights over the steps; the model has the average at the end", async () => {
    const { model, trainer } = make();
    await trainer.train();
    expect(model.values()).toEqual([average(4), average(4)]);
    expect([...(trainer.lastWeights()["weight"] as Tensor).dataSync()]).toEqual([5, 5]);
  });

  it("is what is evaluated and tested, while training goes on with the weights themselves", async () => {
    const { model, trainer } = make({
      evalData: constants(1),
      metrics: [new MSE()],
      onEvaluation: async () => void tests.push((await trainer.test(constants(1))).metrics["MSE"]?.mean),
    });
    const tests: (number | undefined)[] = [];
    const history = await trainer.train();
    const errors = history.flatMap(({ evalMetrics }) => evalMetrics?.["MSE"] ?? []);
    expect(errors).toEqual([1, 2, 3, 4].map((n) => (average(n) - 1) ** 2));
    expect(tests).toEqual(errors);
    expect(model.values()).toEqual([average(4), average(4)]);
    expect((await trainer.test(constants(1))).metrics["MSE"]?.mean).toBe(errors.at(-1));
  });

  it("is what the best weights are of", async () => {
    const { model, trainer } = make({ evalData: constants(1), metrics: [new MSE()], best: {}, epochs: 3 });
    await trainer.train();
    expect(trainer.best).toMatchObject({ name: "MSE", value: 1, step: 1 });
    expect(model.values()).toEqual([2, 2]);
  });

  it("survives a checkpoint", async () => {
    const path = join(folder, "average");
    await make({ maxSteps: 2, checkpoint: { path } }).trainer.train();
    const rest = make();
    await rest.trainer.resume(path);
    expect(rest.model.values()).toEqual([3, 3]);
    await rest.trainer.train();
    expect(rest.model.values()).toEqual([average(4), average(4)]);
  });

  it("is not what a checkpoint goes on from that is written while it is evaluated", async () => {
    const path = join(folder, "evaluated");
    const first = make({
      evalData: constants(1),
      metrics: [new MSE()],
      epochs: 2,
      onEvaluation: async () => await first.trainer.save(path),
    });
    await first.trainer.train();
    const rest = make({ evalData: constants(1), metrics: [new MSE()] });
    await rest.trainer.resume(path);
    expect(rest.model.values()).toEqual([3, 3]);
  });

  it("of a model with running statistics has those of the model", async () => {
    class Normalised extends Module {
      norm = new BatchNorm2d({ numFeatures: 2 });
      forward(y: Tensor): Tensor {
        return this.norm.forward(y);
      }
    }
    const model = new Normalised();
    const trainer = new Trainer({
      model,
      physics: new Denoising(),
      losses: new Towards(1),
      optimizer: new SGD(model.parameters(), { lr: 0 }),
      trainData: constants(4),
      batchSize: 4,
      epochs: 3,
      ema: { decay: 0.5 },
    });
    await trainer.train();
    const statistics = async () => (await Promise.all(model.buffers().map((b) => b.data()))).map((v) => [...v]);
    const last = trainer.lastWeights();
    expect(await statistics()).toEqual(model.namedBuffers().map(([name]) => [...(last[name] as Tensor).dataSync()]));
  });
});
