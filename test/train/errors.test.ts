import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DataLoader, type Dataset } from "../../ts/data/index.js";
import { Loss, SupLoss } from "../../ts/loss/index.js";
import { MSE } from "../../ts/metric/index.js";
import { init } from "../../ts/runtime/index.js";
import { memory, type Tensor } from "../../ts/tensor/index.js";
import type { Logger, TrainerOptions } from "../../ts/train/index.js";
import { collectGarbage } from "./garbage.js";
import { constants, gainTrainer } from "./gain.js";

await init({ device: "cpu" });
const folder = await mkdtemp(join(tmpdir(), "adjoint-errors-"));
afterAll(async () => await rm(folder, { recursive: true }));

const fail = (): never => {
  throw new RangeError("mine");
};
const reject = async (): Promise<never> => await Promise.reject(new RangeError("mine"));

/** Data whose sample 2 cannot be read. */
const broken = (get: () => never | Promise<never>): Dataset => ({
  length: 4,
  get: (i) => (i === 2 ? get() : constants(1).get(0)),
});
const inOrder = (dataset: Dataset): DataLoader => new DataLoader({ dataset });
class Broken extends Loss {
  readonly name = "Broken";
  readonly assumptions = { noise: "any", operator: "any", needs: ["xNet"], adapted: false } as const;
  forward(): Tensor {
    return fail();
  }
}

const cases: [string, (f: () => never | Promise<never>) => Partial<TrainerOptions>][] = [
  ["onProgress", (f) => ({ onProgress: f })],
  ["onEvaluation", (f) => ({ onEvaluation: f })],
  ["a dataset", (f) => ({ trainData: broken(f), batchSize: 4, accumulate: 2 })],
  ["a dataset after steps that were not read back", (f) => ({ trainData: inOrder(broken(f)), readEvery: 10 })],
  ["a dataset at the second batch of a step", (f) => ({ trainData: broken(f), accumulate: 4 })],
  ["evaluation data", (f) => ({ evalData: broken(f) })],
  ["a logger's start", (f) => ({ loggers: [{ start: f, scalars() {} }] })],
  ["a logger's scalars", (f) => ({ loggers: [{ scalars: f }] })],
  ["a logger's images", (f) => ({ loggers: [{ scalars() {}, images: f }] })],
  ["a logger's close", (f) => ({ loggers: [{ scalars() {}, close: f }] })],
];

describe("an error ends the training with that error, and frees everything", () => {
  const options: Partial<TrainerOptions> = { epochs: 3, evalData: constants(2), metrics: [new MSE()], readEvery: 1 };
  it.each(
    cases.flatMap(
      ([name, more]) =>
        [
          [name, "throws", more(fail)],
          [name, "rejects", more(reject)],
        ] as const,
    ),
  )("%s %s", async (_, _how, more) => {
    const { trainer } = gainTrainer({ ...options, ...more });
    await collectGarbage();
    const before = memory();
    await expect(trainer.train()).rejects.toThrow(new RangeError("mine"));
    await collectGarbage();
    // An upper bound: what earlier tests dropped may be freed meanwhile.
    expect(memory().tensors).toBeLessThanOrEqual(before.tensors);
    expect(memory().bytes).toBeLessThanOrEqual(before.bytes);
  });

  it("of a loss, of which the first has left tensors", async () => {
    const { trainer } = gainTrainer({ ...options, losses: [new SupLoss(), new Broken()], ema: { decay: 0.5 } });
    await collectGarbage();
    const before = memory();
    await expect(trainer.train()).rejects.toThrow(new RangeError("mine"));
    expect(memory()).toEqual(before);
  });
});

describe("loggers", () => {
  /** Notes its calls. */
  class Notes implements Logger {
    readonly calls: string[] = [];
    readonly tensors: Tensor[] = [];
    readonly names = new Set<string>();
    settings: Readonly<Record<string, unknown>> = {};
    async start(step: number, settings: Readonly<Record<string, unknown>>): Promise<void> {
      this.settings = settings;
      this.calls.push(`start ${step}`);
    }
    scalars(step: number, values: Readonly<Record<string, number>>): void {
      for (const name of Object.keys(values)) this.names.add(name);
      this.calls.push(`${"train/loss" in values ? "train" : "eval"} ${step}`);
    }
    images(step: number, images: Readonly<Record<string, Tensor>>): void {
      this.tensors.push(...Object.values(images));
      this.calls.push(
        `images ${step} ${Object.entries(images).map(([name, { shape }]) => `${name} ${shape.join("x")}`)}`,
      );
    }
    close(): void {
      this.calls.push("close");
    }
  }

  it("get settings, values and images, and are closed", async () => {
    const notes = new Notes();
    const { trainer } = gainTrainer({
      epochs: 2,
      readEvery: 1,
      evalData: constants(1),
      evalLosses: true,
      metrics: [new MSE()],
      loggers: [notes],
      earlyStop: { patience: 9 },
    });
    await trainer.train();
    const images = "eval/y 1x1x1,eval/xNet 1x1x1,eval/x 1x1x1";
    const step = (n: number) => [`train ${n}`, `eval ${n}`, `images ${n} ${images}`];
    // Of two channels the magnitude is shown.
    expect(notes.calls).toEqual(["start 0", ...step(1), ...step(2), "close"]);
    expect([...notes.names]).toEqual([
      "train/loss",
      "train/SupLoss",
      "train/MSE",
      "learningRate",
      "imagesPerSecond",
      "eval/MSE",
      "eval/loss",
      "eval/SupLoss",
    ]);
    expect(notes.settings).toMatchObject({
      model: "Gain",
      parameters: 2,
      physics: ["Denoising"],
      losses: [["SupLoss"]],
      optimizer: "SGD",
      learningRate: 0,
      epochs: 2,
      steps: 2,
      earlyStop: { patience: 9 },
    });
    expect(() => structuredClone(notes.settings)).not.toThrow();
    for (const image of notes.tensors)
      expect(() => image.dataSync()).toThrow(expect.objectContaining({ code: "disposed" }));
  });

  it("are all closed once, after an error, an abort, and an error of another logger", async () => {
    const controller = new AbortController();
    for (const [more, signal] of [
      [{ onProgress: fail }, undefined],
      [{ onProgress: () => controller.abort(new Error("enough")), maxSteps: 5, epochs: 9 }, controller.signal],
      [{ loggers: [{ scalars: fail, close: fail }] }, undefined],
      [{ loggers: [{ scalars() {}, close: reject }] }, undefined],
    ] as const) {
      const notes = new Notes();
      const { trainer } = gainTrainer({
        readEvery: 1,
        ...more,
        loggers: [...("loggers" in more ? more.loggers : []), notes],
      });
      await expect(trainer.train(signal ? { signal } : {})).rejects.toThrow(/mine|enough/);
      expect(notes.calls.filter((call) => call === "close")).toHaveLength(1);
    }
  });

  it("start at the step of a resumed run", async () => {
    const path = join(folder, "resumed");
    await gainTrainer({ epochs: 3, maxSteps: 2, checkpoint: { path } }).trainer.train();
    const notes = new Notes();
    const { trainer } = gainTrainer({ epochs: 3, loggers: [notes] });
    await trainer.resume(path);
    await trainer.train();
    expect(notes.calls).toEqual(["start 2", "train 3", "close"]);
  });
});

describe("one Trainer", () => {
  it("refuses a second training or a resume while it trains, and trains again afterwards", async () => {
    const { trainer } = gainTrainer({ epochs: 30, maxSteps: 20 });
    const first = trainer.train();
    const refused = { name: "ArgumentError", code: "already_training" };
    await expect(trainer.train()).rejects.toMatchObject(refused);
    await expect(trainer.resume(join(folder, "none"))).rejects.toMatchObject(refused);
    await first;
    expect(trainer.step).toBe(20);
    await trainer.train();
  });

  it("goes on after an error in onProgress", async () => {
    let failing = true;
    const { trainer, model } = gainTrainer({ epochs: 3, readEvery: 1, onProgress: () => failing && fail() });
    await expect(trainer.train()).rejects.toThrow("mine");
    failing = false;
    await trainer.train();
    expect(trainer.step).toBe(3);
    expect(model.seen).toHaveLength(3);
  });
});
