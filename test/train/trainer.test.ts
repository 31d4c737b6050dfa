import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
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
import { Adam, CosineAnnealingLR } from "../../ts/optim/index.js";
import { Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { memory, type Tensor } from "../../ts/tensor/index.js";
import { type Progress, Trainer, type TrainerOptions } from "../../ts/train/index.js";

let folder: string;
beforeAll(async () => {
  await init();
  folder = await mkdtemp(join(tmpdir(), "adjoint-train-"));
});
afterAll(async () => await rm(folder, { recursive: true }));

/** Frees what earlier tests left to the finaliser, which would otherwise go in the middle of a count. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let i = 0; i < 3; i++) {
    collect();
    await turn();
  }
}

interface Settings {
  readonly seed?: number;
  readonly epochs?: number;
  readonly losses?: Loss;
  readonly lr?: number;
  readonly more?: Partial<TrainerOptions>;
}

/** A tiny training: 12 images of 8x8, batches of 4, so 3 steps an epoch. */
function make({
  seed = 0,
  epochs = 4,
  losses = new SureGaussianLoss({ sigma: 0.1 }),
  lr = 1e-2,
  more = {},
}: Settings = {}) {
  const rng = new Rng(seed);
  const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 4, rng: rng.fork() });
  const optimizer = new Adam(model.parameters(), { lr });
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
    expect(history.at(-1)!.loss!).toBeLessThan(history[0]!.loss!);
  });

  it("repeats bit for bit with the same seed, and differs with another", async () => {
    const runs = [];
    for (const seed of [1, 1, 2]) {
      const { trainer, model } = make({ seed });
      await trainer.train();
      runs.push(await weights(model));
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).not.toEqual(runs[0]);
  });

  it("is not changed by how often it is evaluated or written", async () => {
    const plain = make();
    await plain.trainer.train();
    const watched = make({
      more: {
        evalData: plain.data,
        checkpoint: { path: join(folder, "watched"), every: 1 },
        historyPath: join(folder, "watched.jsonl"),
      },
    });
    await watched.trainer.train();
    expect(await weights(watched.model)).toEqual(await weights(plain.model));
    const lines = (await readFile(join(folder, "watched.jsonl"), "utf8")).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(watched.trainer.history);
    expect(watched.trainer.history.filter((entry) => entry.evalMetrics)).toHaveLength(4);
  });

  it.each([
    ["SureGaussianLoss", () => new SureGaussianLoss({ sigma: 0.1 })],
    ["SureGaussianLoss, unsure", () => new SureGaussianLoss({ sigma: 0.1, unsure: true })],
    ["R2RLoss", () => new R2RLoss()],
  ])("stopped and resumed is bit-equal to uninterrupted: %s", async (_, losses) => {
    const whole = make({ losses: losses() });
    await whole.trainer.train();
    for (const stopAt of [4, 6]) {
      const path = join(folder, `half-${stopAt}`);
      const half = make({ losses: losses(), more: { maxSteps: stopAt, checkpoint: { path } } });
      await half.trainer.train();
      const rest = make({ seed: 77, losses: losses() });
      await rest.trainer.resume(path);
      expect(rest.trainer.step).toBe(stopAt);
      // The data are part of the caller's program: the same seed gives the same.
      const same = make({ losses: losses() });
      await same.trainer.resume(path);
      await same.trainer.train();
      expect(await weights(same.model)).toEqual(await weights(whole.model));
      expect(same.trainer.history.at(-1)?.loss).toBe(whole.trainer.history.at(-1)?.loss);
    }
  });

  it("stops when aborted, with a checkpoint that goes on", async () => {
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

  it("stops at a loss that is not finite, naming step, loss and the last good checkpoint", async () => {
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

  it("names what a scheduler used when its loss is not finite", async () => {
    const losses = new InterleavedLossScheduler({ losses: [new SupLoss(), new TVLoss({ weight: 1e30 })] });
    await expect(make({ lr: 1e30, losses, more: { readEvery: 1 } }).trainer.train()).rejects.toMatchObject({
      message: expect.stringMatching(
        /InterleavedLossScheduler \((SupLoss|TVLoss)\) is (NaN|Infinity) at step \d+; no checkpoint was written/,
      ),
    });
  });

  it("never takes weights for good that a gradient made NaN, though the loss was finite", async () => {
    /** The root of the error's square: its gradient is 0 / 0 where the error is 0. */
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
    const { trainer, data } = make({ epochs: 50, lr: 0, more: {} });
    const stopping = make({ epochs: 50, lr: 0, more: { evalData: data, earlyStop: { patience: 3 } } });
    await stopping.trainer.train();
    expect(stopping.trainer.epoch).toBe(4);
    expect(trainer.epoch).toBe(0);
  });

  it("clips gradients", async () => {
    const { trainer, model } = make({ epochs: 1, more: { gradClip: 1e-3 } });
    await trainer.train();
    expect((await weights(model)).every(Number.isFinite)).toBe(true);
  });

  it("tests on held-back data, the same noise each time", async () => {
    const { trainer, data } = make({ more: { metrics: [new PSNR()] } });
    const result = await trainer.test(data);
    expect(result.measurement["PSNR"]!.mean).toBeCloseTo(20, 0);
    expect(result.metrics["PSNR"]!.values).toHaveLength(12);
    expect(await trainer.test(data)).toEqual(result);
    expect(trainer.model.training).toBe(true);
  });

  it("keeps memory: after 1,000 steps what it was after 10", async () => {
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
    expect(figures).toHaveLength(2);
    expect(figures[1]).toEqual(figures[0]);
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

  it("refuses a checkpoint that is none", async () => {
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
