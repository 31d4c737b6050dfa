import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DataLoader, TensorDataset } from "../../ts/data/index.js";
import {
  InterleavedLossScheduler,
  Loss,
  type LossArgs,
  R2RLoss,
  SplittingLoss,
  SupLoss,
  SureGaussianLoss,
  TVLoss,
} from "../../ts/loss/index.js";
import { PSNR } from "../../ts/metric/index.js";
import { DnCNN } from "../../ts/nn/index.js";
import { Adam, CosineAnnealingLR, type Optimizer, SGD, StepLR } from "../../ts/optim/index.js";
import { Denoising, GaussianNoise, Inpainting } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { memory, ones, type Tensor } from "../../ts/tensor/index.js";
import { type HistoryEntry, type Progress, Trainer, type TrainerOptions } from "../../ts/train/index.js";
import { collectGarbage } from "./garbage.js";

let folder: string;
beforeAll(async () => {
  await init();
  folder = await mkdtemp(join(tmpdir(), "adjoint-train-"));
});
afterAll(async () => await rm(folder, { recursive: true }));

interface Settings {
  readonly seed?: number;
  readonly epochs?: number;
  readonly losses?: Loss;
  readonly lr?: number;
  readonly optimizerOf?: (model: DnCNN) => Optimizer;
  readonly more?: Partial<TrainerOptions>;
}

/** A tiny training: 12 images of 8x8, batches of 4, so 3 steps an epoch. */
function make({
  seed = 0,
  epochs = 4,
  losses = new SureGaussianLoss({ sigma: 0.1 }),
  lr = 1e-2,
  optimizerOf = (model) => new Adam(model.parameters(), { lr }),
  more = {},
}: Settings = {}) {
  const rng = new Rng(seed);
  const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 4, rng: rng.fork() });
  const optimizer = optimizerOf(model);
  const data = new TensorDataset({ x: rng.fork().uniform([12, 1, 8, 8]) });
  const trainer = new Trainer({
    model,
    physics: new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) }),
    losses,
    optimizer,
    schedule: new CosineAnnealingLR(optimizer, { tMax: 12 }),
    scheduleEvery: "step",
    epochs,
    trainData: new DataLoader({ dataset: data, batchSize: 4, shuffle: true, rng: rng.fork() }),
    rng,
    readEvery: 2,
    ...more,
  });
  return { model, trainer, data, optimizer };
}

async function weights(model: DnCNN): Promise<number[]> {
  const all: number[] = [];
  for (const parameter of model.parameters()) all.push(...(await parameter.data()));
  return all;
}

/** A history without its timings. */
const untimed = (history: readonly HistoryEntry[]) =>
  history.map((entry) => ({ ...entry, imagesPerSecond: undefined }));

describe("Trainer", () => {
  it("trains: the loss falls, progress and history are reported", async () => {
    const seen: Progress[] = [];
    const { trainer, model } = make({
      epochs: 30,
      losses: new SupLoss(),
      more: { onProgress: (state) => seen.push(state) },
    });
    const before = await weights(model);
    const history = await trainer.train();
    expect(await weights(model)).not.toEqual(before);
    expect(trainer.step).toBe(90);
    expect(seen).toHaveLength(45);
    expect(seen.at(-1)).toMatchObject({
      step: 90,
      steps: 90,
      secondsLeft: 0,
      losses: { SupLoss: expect.any(Number) },
      metrics: { PSNR: expect.any(Number) },
    });
    expect(seen.every(({ imagesPerSecond }) => imagesPerSecond > 0)).toBe(true);
    expect(history.at(-1)!.loss!).toBeLessThan(history[0]!.loss!);
  });

  it("is bit-identical with the same seed, and differs with another", async () => {
    const runs = [];
    for (const seed of [1, 1, 2]) {
      const { trainer, model } = make({ seed });
      await trainer.train();
      runs.push(await weights(model));
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).not.toEqual(runs[0]);
  });

  it("does not depend on how often it is evaluated or saved", async () => {
    const plain = make();
    await plain.trainer.train();
    const observed = make({
      more: {
        evalData: plain.data,
        checkpoint: { path: join(folder, "watched"), every: 1 },
        historyPath: join(folder, "watched.jsonl"),
      },
    });
    await observed.trainer.train();
    expect(await weights(observed.model)).toEqual(await weights(plain.model));
    const lines = (await readFile(join(folder, "watched.jsonl"), "utf8")).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(observed.trainer.history);
    expect(observed.trainer.history.filter((entry) => entry.evalMetrics)).toHaveLength(4);
  });

  it.each([
    ["SureGaussianLoss", () => new SureGaussianLoss({ sigma: 0.1 })],
    ["SureGaussianLoss, unsure", () => new SureGaussianLoss({ sigma: 0.1, unsure: true })],
    ["R2RLoss", () => new R2RLoss()],
  ])("stopped and resumed is bit-identical to uninterrupted: %s", async (_, losses) => {
    const { data } = make();
    const whole = make({ losses: losses(), more: { evalData: data } });
    await whole.trainer.train();
    for (const maxSteps of [4, 6]) {
      const checkpoint = { path: join(folder, `half-${maxSteps}`) };
      await make({ losses: losses(), more: { evalData: data, maxSteps, checkpoint } }).trainer.train();
      // Only the data is the caller's; weights, random streams, order and history come from the checkpoint.
      const trainData = new DataLoader({ dataset: data, batchSize: 4, shuffle: true, rng: new Rng(78) });
      const rest = make({ seed: 77, losses: losses(), more: { trainData, evalData: data } });
      await rest.trainer.resume(checkpoint.path);
      expect(rest.trainer.step).toBe(maxSteps);
      await rest.trainer.train();
      expect(await weights(rest.model)).toEqual(await weights(whole.model));
      expect(untimed(rest.trainer.history)).toEqual(untimed(whole.trainer.history));
    }
  });

  it("stops when aborted, with a checkpoint to continue from", async () => {
    const path = join(folder, "aborted");
    const controller = new AbortController();
    const run = make({
      more: { checkpoint: { path }, onProgress: ({ step }) => step === 4 && controller.abort(new Error("enough")) },
    });
    await expect(run.trainer.train({ signal: controller.signal })).rejects.toThrow("enough");
    expect(run.trainer.step).toBe(4);
    const [whole, rest] = [make(), make()];
    await whole.trainer.train();
    await rest.trainer.resume(path);
    await rest.trainer.train();
    expect(await weights(rest.model)).toEqual(await weights(whole.model));
  });

  it("stops at a non-finite loss, naming the step, the loss and the last good checkpoint", async () => {
    const path = join(folder, "finite");
    const { trainer } = make({ lr: 1e30, losses: new SupLoss(), more: { checkpoint: { path, every: 1 } } });
    await expect(trainer.train()).rejects.toMatchObject({
      code: "non_finite_loss",
      message: expect.stringMatching(/SupLoss is (NaN|Infinity) at step \d+; .*finite \(step \d+\)/),
    });
    const again = make({ losses: new SupLoss() });
    await again.trainer.resume(path);
    expect((await weights(again.model)).every(Number.isFinite)).toBe(true);
  });

  it("names the loss that a scheduler used when it is not finite", async () => {
    const losses = new InterleavedLossScheduler({ losses: [new SupLoss(), new TVLoss({ weight: 1e30 })] });
    await expect(make({ lr: 1e30, losses, more: { readEvery: 1 } }).trainer.train()).rejects.toMatchObject({
      message: expect.stringMatching(
        /InterleavedLossScheduler \((SupLoss|TVLoss)\) is (NaN|Infinity) at step \d+; no checkpoint was written/,
      ),
    });
  });

  it("never saves weights that a gradient made NaN while the loss was finite", async () => {
    /** sqrt(0): its gradient is 0 / 0. */
    class Root extends Loss {
      readonly name = "Root";
      readonly assumptions = { noise: "any", operator: "any", needs: ["xNet"], adapted: false } as const;
      forward(args: LossArgs) {
        return (args.xNet as Tensor).mul(0).square().sum().sqrt();
      }
    }
    const path = join(folder, "gradient");
    const first = make({ losses: new SupLoss(), more: { maxSteps: 2, checkpoint: { path } } });
    await first.trainer.train();
    const { trainer } = make({ losses: new Root(), more: { checkpoint: { path, every: 1 } } });
    await trainer.resume(path);
    await expect(trainer.train()).rejects.toMatchObject({
      code: "non_finite_loss",
      message: expect.stringMatching(
        /a weight is not finite after step 3 .*; the last good checkpoint is .*gradient \(step 2\)/,
      ),
    });
    const again = make({ losses: new SupLoss() });
    await again.trainer.resume(path);
    expect((await weights(again.model)).every(Number.isFinite)).toBe(true);
  });

  it("stops early when evaluation does not improve", async () => {
    const path = join(folder, "early");
    const stopping = (maxSteps = 1000) => {
      const made = make({ epochs: 50, lr: 0 });
      const more = { evalData: made.data, earlyStop: { patience: 3 }, maxSteps, checkpoint: { path } };
      return make({ epochs: 50, lr: 0, more }).trainer;
    };
    const whole = stopping();
    await whole.train();
    expect(whole.epoch).toBe(4);
    const stopped = stopping();
    await stopped.resume(path);
    await stopped.train();
    expect(stopped.step).toBe(12);
    // Evaluations before a checkpoint count.
    await stopping(6).train();
    const rest = stopping();
    await rest.resume(path);
    await rest.train();
    expect(rest.epoch).toBe(4);
  });

  it("advances the schedule after each step or each epoch", async () => {
    for (const [scheduleEvery, rates] of [
      ["step", [1, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32]],
      ["epoch", [1, 1, 1, 1 / 2, 1 / 2, 1 / 2]],
    ] as const) {
      const seen: number[] = [];
      const optimizer: { current?: Optimizer } = {};
      /** Notes the learning rate of each step. */
      class Noted extends SupLoss {
        override forward(args: LossArgs) {
          seen.push(optimizer.current!.learningRate);
          return super.forward(args as never);
        }
      }
      const optimizerOf = (model: DnCNN) => (optimizer.current = new SGD(model.parameters(), { lr: 1 }));
      const { model } = make({ optimizerOf });
      const schedule = new StepLR(optimizer.current!, { stepSize: 1, gamma: 0.5 });
      const options = { model, optimizer: optimizer.current!, schedule, scheduleEvery, gradClip: 1e-3 };
      await make({ epochs: 2, losses: new Noted(), more: options }).trainer.train();
      expect(seen).toEqual(rates);
    }
  });

  it("limits the global norm of the gradients to gradClip and keeps their direction", async () => {
    // With SGD and learning rate 1 a step subtracts the gradient that the optimiser was given.
    const gradient = async (gradClip?: number) => {
      const { trainer, model } = make({
        optimizerOf: (network) => new SGD(network.parameters(), { lr: 1 }),
        more: { maxSteps: 1, ...(gradClip === undefined ? {} : { gradClip }) },
      });
      const before = await weights(model);
      await trainer.train();
      const after = await weights(model);
      return before.map((value, i) => value - after[i]!);
    };
    const free = await gradient();
    const norm = Math.hypot(...free);
    const limit = norm / 4;
    const clipped = await gradient(limit);
    expect(Math.hypot(...clipped)).toBeLessThanOrEqual(limit * (1 + 1e-4));
    expect(Math.hypot(...clipped)).toBeGreaterThan(limit * (1 - 1e-4));
    const cosine = clipped.reduce((sum, value, i) => sum + value * free[i]!, 0) / (norm * Math.hypot(...clipped));
    expect(cosine).toBeCloseTo(1, 6);
    // Smaller gradients stay as they are.
    expect(await gradient(4 * norm)).toEqual(free);
  });

  it("gives the physics the parameters in a batch before it measures", async () => {
    const [x, mask] = [ones([4, 1, 4, 4]), new Rng(5).bernoulli([4, 1, 4, 4], 0.5)];
    const seen: number[][] = [];
    /** Notes the measurements: of images of ones they are the masks. */
    class Noted extends SupLoss {
      override forward(args: LossArgs) {
        seen.push([...(args.y as Tensor).dataSync()]);
        return super.forward(args as never);
      }
    }
    const trainData = new DataLoader({ dataset: new TensorDataset({ x, params: { mask } }), batchSize: 2 });
    const physics = new Inpainting({ imgSize: [1, 4, 4], mask: 1 });
    await make({ epochs: 1, losses: new Noted(), more: { trainData, physics } }).trainer.train();
    expect(seen.flat()).toEqual([...mask.dataSync()]);
  });

  it("evaluates held-back data, with the same noise each time", async () => {
    const { trainer, data } = make({ more: { metrics: [new PSNR()] } });
    const result = await trainer.test(data);
    expect(result.measurement["PSNR"]!.mean).toBeCloseTo(20, 0);
    const { values, mean, std } = result.metrics["PSNR"]!;
    expect(values).toHaveLength(12);
    expect(mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / 12, 12);
    expect(std ** 2).toBeCloseTo(values.reduce((sum, value) => sum + value ** 2, 0) / 12 - mean ** 2, 8);
    expect(await trainer.test(data)).toEqual(result);
    expect(trainer.model.training).toBe(true);
  });

  it("uses no more memory after 1,000 steps than after 10", async () => {
    await collectGarbage();
    const figures: { tensors: number; bytes: number }[] = [];
    const { trainer } = make({
      epochs: 400,
      more: {
        maxSteps: 1000,
        readEvery: 10,
        onProgress: ({ step }) => (step === 10 || step === 1000) && figures.push(memory()),
      },
    });
    await trainer.train();
    const [early, late] = figures;
    // What earlier tests left may be collected in between; one tensor a step would be 990 more.
    expect(late!.tensors).toBeLessThanOrEqual(early!.tensors);
    expect(late!.bytes).toBeLessThanOrEqual(early!.bytes);
  });
});

describe("bad input", () => {
  const thrown = (f: () => unknown): unknown => {
    try {
      return f();
    } catch (error) {
      return error;
    }
  };

  it("refuses options that cannot work", () => {
    expect(thrown(() => make({ more: { epoch: 2 } as never }))).toMatchObject({
      name: "ArgumentError",
      code: "unknown_option",
      message: expect.stringContaining("epochs"),
    });
    expect(thrown(() => make({ more: { losses: [] } }))).toMatchObject({ code: "missing_argument" });
    expect(thrown(() => make({ more: { model: undefined } as never }))).toMatchObject({ code: "missing_argument" });
    expect(thrown(() => make({ epochs: 0 }))).toMatchObject({ code: "invalid_argument" });
    expect(thrown(() => make({ more: { losses: [new R2RLoss(), new SplittingLoss()] } }))).toMatchObject({
      code: "model_not_adapted",
      message: expect.stringMatching(/R2RLoss and SplittingLoss/),
    });
    expect(thrown(() => make({ more: { gradClip: Number.NaN } }))).toMatchObject({ code: "invalid_argument" });
    expect(thrown(() => make({ more: { earlyStop: { patience: 1 } } }))).toMatchObject({ code: "missing_argument" });
  });

  it("refuses a loss without the ground truth it needs", async () => {
    const { trainer, data } = make();
    const y = new TensorDataset({ y: (await data.get(0)).x!.unsqueeze(0) });
    await expect(make({ losses: new SupLoss(), more: { trainData: y } }).trainer.train()).rejects.toMatchObject({
      name: "ArgumentError",
      code: "missing_argument",
    });
    await expect(trainer.test(y)).rejects.toMatchObject({ code: "missing_argument" });
  });

  it("refuses a file that is not a checkpoint", async () => {
    const { trainer } = make();
    const path = join(folder, "bad");
    await writeFile(path, "abcdefghijkl");
    await expect(trainer.resume(path)).rejects.toMatchObject({ name: "FormatError" });
    await expect(trainer.resume(join(folder, "none"))).rejects.toMatchObject({
      name: "ArgumentError",
      code: "file_not_found",
    });
    expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});
