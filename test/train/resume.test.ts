import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { TensorDataset } from "../../ts/data/index.js";
import { SupLoss, SureGaussianLoss } from "../../ts/loss/index.js";
import { DnCNN } from "../../ts/nn/index.js";
import { Adam, StepLR } from "../../ts/optim/index.js";
import { Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { binding, init } from "../../ts/runtime/index.js";
import { Tensor, tensor } from "../../ts/tensor/index.js";
import { HistoryFile } from "../../ts/train/history.js";
import { loadState, saveState, Trainer, type TrainerOptions } from "../../ts/train/index.js";

/** Written by version 1 of the format: 5 of 6 steps of `make`, with data that is measured at each step. */
const firstVersion = fileURLToPath(new URL("files/checkpoint-v1.safetensors", import.meta.url));

/** Written by version 2 of the format: 4 of 6 steps of `make`. */
const secondVersion = fileURLToPath(new URL("files/checkpoint-v2.safetensors", import.meta.url));

await init({ device: "cpu" });
const folder = await mkdtemp(join(tmpdir(), "adjoint-resume-"));
afterAll(async () => await rm(folder, { recursive: true }));

function make(more: Partial<TrainerOptions> = {}, nf = 4) {
  const rng = new Rng(0);
  const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf, rng: rng.fork() });
  const optimizer = new Adam(model.parameters(), { lr: 1e-2 });
  const data = new TensorDataset({ x: rng.fork().uniform([12, 1, 8, 8]) });
  const loss = new SureGaussianLoss({ sigma: 0.1, unsure: true });
  const options: TrainerOptions = {
    model,
    optimizer,
    physics: new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) }),
    losses: loss,
    schedule: new StepLR(optimizer, { stepSize: 1, gamma: 0.5 }),
    epochs: 2,
    batchSize: 4,
    readEvery: 1,
    trainData: data,
    evalData: data,
    earlyStop: { patience: 3 },
    ema: { decay: 0.5 },
    rng,
    ...more,
  };
  return { model, optimizer, loss, trainer: new Trainer(options) };
}
type Made = ReturnType<typeof make>;

/** The weights of the model. */
const weightsOf = async ({ model }: Made): Promise<number[][]> =>
  (await Promise.all(model.parameters().map((p) => p.data()))).map((values) => [...values]);
const untimed = ({ trainer }: Made) => trainer.history.map((entry) => ({ ...entry, imagesPerSecond: 0 }));

/** Everything that decides how a training goes on. */
async function everything({ model, optimizer, loss, trainer }: Made): Promise<unknown> {
  const path = join(folder, "everything");
  await trainer.save(path);
  const plain = (value: unknown): unknown => {
    if (value instanceof Tensor) return [...value.dataSync()];
    if (typeof value !== "object" || value === null) return value;
    return Object.entries(value).map(([key, entry]) => [key, plain(entry)]);
  };
  return plain([await loadState(path), model.stateDict(), optimizer.stateDict(), loss.stateDict(), trainer.history]);
}

describe("a checkpoint of version 1", () => {
  it("loads; the training goes on, with measurements made once from here on", async () => {
    const made = make({ losses: new SureGaussianLoss({ sigma: 0.1 }) });
    await made.trainer.resume(firstVersion);
    expect([made.trainer.step, made.trainer.epoch]).toEqual([5, 1]);
    expect(made.trainer.history.map(({ step }) => step)).toEqual([1, 2, 3, 3, 4, 5]);
    expect(made.optimizer.learningRate).toBe(0.005);
    // Weights and evaluation of that run: the same stream, so the same noise.
    await made.trainer.train();
    expect(made.trainer.step).toBe(6);
    expect(made.trainer.best).toMatchObject({ name: "PSNR", epoch: 2 });
  });

  it("evaluates with the noise of the run that wrote it", async () => {
    const path = join(folder, "first");
    await copyFile(firstVersion, path);
    const { trainer } = make({ losses: new SureGaussianLoss({ sigma: 0.1 }), maxSteps: 5 });
    await trainer.resume(path);
    const other = make({ losses: new SureGaussianLoss({ sigma: 0.1 }), rng: new Rng(77), maxSteps: 5 });
    await other.trainer.resume(path);
    const data = new TensorDataset({ x: new Rng(1).uniform([2, 1, 8, 8]) });
    expect(await other.trainer.test(data)).toEqual(await trainer.test(data));
  });

  it("of a later version is refused by its number", async () => {
    const path = join(folder, "later");
    await saveState(path, { step: 1 });
    const bytes = await readFile(path, "latin1");
    expect(bytes).toContain('{\\"version\\":3,');
    await writeFile(path, bytes.replace('{\\"version\\":3,', '{\\"version\\":7,'), "latin1");
    await expect(make().trainer.resume(path)).rejects.toMatchObject({
      name: "FormatError",
      code: "checkpoint_invalid",
      message: expect.stringMatching(/checkpoint version 7, this library reads 1, 2, 3; load it with the version/),
    });
  });
});

describe("resume changes nothing before everything has been checked", () => {
  /** A checkpoint of `make` with one part changed. */
  async function changed(change: (state: Record<string, never>) => void): Promise<string> {
    const [good, path] = [join(folder, "good"), join(folder, "changed")];
    await make({ maxSteps: 4, checkpoint: { path: good } }).trainer.train();
    const state = (await loadState(good)) as Record<string, never>;
    change(state);
    await saveState(path, state);
    return path;
  }
  const set = (name: string, value: unknown) => (state: Record<string, unknown>) => {
    const path = name.split(".");
    const last = path.pop() as string;
    let object = state;
    for (const key of path) object = object[key] as Record<string, unknown>;
    object[last] = value;
  };

  it.each<[string, (state: Record<string, unknown>) => void]>([
    ["a step that is no number", set("step", "4")],
    ["a negative epoch", set("epoch", -1)],
    ["no model", set("model", null)],
    [
      "a weight of another shape",
      (state) => set("model", { ...(state["model"] as object), "in_conv.bias": tensor([1]) })(state),
    ],
    ["a weight too few", set("model", {})],
    ["an optimiser of another kind", set("optimizer.kind", "SGD")],
    ["an optimiser's step count that is no number", set("optimizer.steps", ["a", 1, 1, 1, 1, 1])],
    ["a loss scale that is none", set("optimizer.lossScale", { values: tensor([1]) })],
    ["a schedule's epoch that is no number", set("schedule.epoch", "x")],
    ["too many losses", set("losses", [{}, {}])],
    ["a stream that is none", set("rng", "adjoint-rng-1:none")],
    ["a stream of evaluation that is none", set("evalRng", "")],
    ["an order that is no stream", set("data.loaders.0.orderRng", "x")],
    ["a position after the end", set("data.loaders.0.position", 99)],
    ["a fraction as position", set("data.loaders.0.position", 0.5)],
    ["a seed that is no whole number", set("data.seeds", ["1"])],
    ["no loaders", set("data", { turn: 0, seeds: [] })],
    ["a history that is no list", set("history", {})],
    ["no result", set("result", undefined)],
    ["an average that is no tensor", set("result.average", { a: 1 })],
    ["an average of other weights", set("result.average", { "in_conv.bias": tensor([1, 2]) })],
    [
      "best weights of another model",
      set("result.best", { name: "PSNR", value: 1, step: 1, epoch: 1, weights: { a: tensor([1]) } }),
    ],
    [
      "best weights of another shape",
      (state) => {
        const weights = { ...(state["model"] as object), "in_conv.bias": tensor([1]) };
        set("result.best", { name: "PSNR", value: 1, step: 1, epoch: 1, weights })(state);
      },
    ],
    ["a best value that is no number", set("result.best.value", "x")],
    ["an early stop that is none", set("result.earlyStopping", { best: "a", sinceBest: null, name: "PSNR" })],
  ])("%s is refused, and the Trainer is what it was", async (_, change) => {
    const path = await changed(change as never);
    const made = make({ maxSteps: 5 });
    await made.trainer.train();
    const before = await everything(made);
    await expect(made.trainer.resume(path)).rejects.toMatchObject({
      name: expect.stringMatching(/^(?:ArgumentError|FormatError|ShapeError)$/),
      message: expect.stringMatching(/\.$/),
    });
    expect(await everything(made)).toEqual(before);
  });

  it("a network of another size", async () => {
    const path = await changed(() => {});
    const made = make({ maxSteps: 5 }, 6);
    await made.trainer.train();
    const before = await everything(made);
    await expect(made.trainer.resume(path)).rejects.toMatchObject({ code: "shape_mismatch" });
    expect(await everything(made)).toEqual(before);
  });
});

it("a checkpoint of version 2 loads, and the training ends as an uninterrupted one", async () => {
  const [rest, whole] = [make(), make()];
  await rest.trainer.resume(secondVersion);
  expect(rest.trainer.step).toBe(4);
  await rest.trainer.train();
  await whole.trainer.train();
  // It was written with kernels that added in another order, so the last bits differ.
  const numbers = async (made: Made): Promise<number[]> =>
    (JSON.stringify([await weightsOf(made), untimed(made)]).match(/-?\d+(\.\d+)?(e-?\d+)?/g) ?? []).map(Number);
  const [found, expected] = [await numbers(rest), await numbers(whole)];
  expect(found).toHaveLength(expected.length);
  expected.forEach((value, i) =>
    expect(Math.abs((found[i] as number) - value)).toBeLessThan(1e-5 * (1 + Math.abs(value))),
  );
});

describe("with f16", () => {
  const native = binding();
  afterAll(async () => await init({ binding: native }));

  /** The error, whose gradient is beyond float32 where the scale is above 13,611, the images being four. */
  class Steep extends SupLoss {
    override forward(args: Parameters<SupLoss["forward"]>[0]) {
      return super.forward(args).mul(1e-35).mul(1e35);
    }
  }

  it("a resumed training goes on with the scale and the steps that it has stood", async () => {
    // The cpu computes in float32 all the same.
    await init({ binding: { ...native, setPrecision: () => undefined }, precision: "f16" });
    const path = join(folder, "scaled");
    const options = { losses: new Steep(), epochs: 4 };
    const [whole, begun, rest] = [make(options), make({ ...options, maxSteps: 2 }), make(options)];
    const scaleOf = ({ optimizer }: Made) => [...(optimizer.stateDict().lossScale?.values?.dataSync() ?? [])];
    await whole.trainer.train();
    await begun.trainer.train();
    expect(scaleOf(begun)).toEqual([16384, 0]);
    await begun.trainer.save(path);
    await rest.trainer.resume(path);
    expect(scaleOf(rest)).toEqual([16384, 0]);
    await rest.trainer.train();
    expect(scaleOf(rest)).toEqual([8192, 9]);
    expect(scaleOf(whole)).toEqual([8192, 9]);
    expect(await weightsOf(rest)).toEqual(await weightsOf(whole));
    // As of a checkpoint from before: the first scale, with which steps are left out.
    const state = (await loadState(path)) as { optimizer: { lossScale?: unknown } };
    delete state.optimizer.lossScale;
    await saveState(path, state);
    const old = make({ ...options, maxSteps: 4 });
    await old.trainer.resume(path);
    await old.trainer.train();
    expect(scaleOf(old)).toEqual([16384, 0]);
  });
});

describe("a damaged file", () => {
  it("is refused wherever a byte is changed or the file is cut, and the Trainer is what it was", async () => {
    const [good, path] = [join(folder, "whole"), join(folder, "damaged")];
    await make({ maxSteps: 4, checkpoint: { path: good } }).trainer.train();
    const bytes = await readFile(good);
    const made = make({ maxSteps: 5 });
    await made.trainer.train();
    const before = await everything(made);
    const rng = new Rng(3);
    const places = [0, 7, 8, 9, 30, 50, 60, bytes.length - 1, ...rng.uniform([60]).dataSync()].map((place) =>
      place < 1 && place > 0 ? Math.floor(place * bytes.length) : place,
    );
    for (const place of places) {
      for (const cut of [false, true]) {
        const damaged = Buffer.from(cut ? bytes.subarray(0, place) : bytes);
        if (!cut) damaged[place] = (damaged[place] as number) ^ (1 << (place % 8));
        await writeFile(path, damaged);
        const where = `${cut ? "cut at" : "changed at"} ${place}`;
        await expect(made.trainer.resume(path), where).rejects.toMatchObject({
          name: "FormatError",
          message: expect.stringMatching(/^.*damaged: .*\.$/),
        });
      }
    }
    expect(await everything(made)).toEqual(before);
  });
});

describe("what a checkpoint can hold", () => {
  const path = join(folder, "held");

  it("a state too long for the header of the format", async () => {
    // The header may have 100 MB: a long state is not in it. Letters of one, two and three bytes.
    const state = { text: `${"a".repeat(11_000_000)}\u00e9\u20ac`, weight: tensor([1, 2]) };
    await saveState(path, state);
    expect((await readFile(path)).readBigUInt64LE()).toBeLessThan(1000n);
    const read = (await loadState(path)) as typeof state;
    expect(read.text === state.text).toBe(true);
    expect([...read.weight.dataSync()]).toEqual([1, 2]);
  });

  it("a history of 700,000 rows, whose length does not change the header", async () => {
    const entry = { step: 1, epoch: 0, loss: 0.25, losses: { SureGaussianLoss: 0.25 }, note: "\u20ac\n" };
    const history = Array.from({ length: 700_000 }, (_, step) => ({ ...entry, step }));
    await saveState(path, { step: 700_000, history, weight: tensor([1]) });
    expect((await readFile(path)).readBigUInt64LE()).toBeLessThan(1000n);
    const read = (await loadState(path)) as { history: typeof history };
    expect(read.history).toHaveLength(700_000);
    for (const row of [0, 1, 12_345, 699_999]) expect(read.history[row]).toEqual(history[row]);
  });

  it("names that look alike, numbers without JSON, and lists of both", async () => {
    const numbers = [Number.NaN, Infinity, -Infinity, -0, 0, 1e-320];
    const state = {
      "a.b": tensor([1]),
      a: { b: tensor([2]) },
      ["__proto__" as string]: { c: tensor([3]) },
      numbers,
      long: Array.from({ length: 1500 }, (_, i) => (i === 700 ? tensor([4]) : numbers[i % 6])),
    };
    await saveState(path, state);
    const read = (await loadState(path)) as typeof state;
    const values = [read["a.b"], read.a.b, read.long[700] as Tensor].map((value) => value.dataSync()[0]);
    expect(values).toEqual([1, 2, 4]);
    expect(Object.keys(read)).toEqual(Object.keys(state));
    expect(read.numbers.map((value, i) => Object.is(value, numbers[i]))).toEqual(numbers.map(() => true));
    expect(read.long.map((value, i) => i === 700 || Object.is(value, numbers[i % 6])).every(Boolean)).toBe(true);
  });

  const circle: Record<string, unknown> = {};
  circle["in"] = { circle };
  it.each<[string, unknown]>([
    ["a Map", { a: new Map() }],
    ["a Date", { a: [new Date()] }],
    ["a Float32Array", { a: new Float32Array(2) }],
    ["a function", { a: () => 1 }],
    ["a bigint", { a: 1n }],
    ["a circle", circle],
    ["a name that is a mark of the format", { a: { $tensor: "b" } }],
  ])("not %s: it is refused, and the file stays", async (_, state) => {
    await saveState(path, { step: 3 });
    await expect(saveState(path, state)).rejects.toMatchObject({ name: "ArgumentError", code: "invalid_argument" });
    expect(await loadState(path)).toEqual({ step: 3 });
  });
});

describe("an abort within an evaluation", () => {
  it("ends it at once; the checkpoint has it due, and the run ends with the bits of an uninterrupted one", async () => {
    const path = join(folder, "aborted");
    const whole = make();
    await whole.trainer.train();
    const made = make({ checkpoint: { path, every: 100 } });
    const controller = new AbortController();
    let seen = 0;
    // The network sees one image at a time in an evaluation, of twelve.
    const { forward } = made.model;
    made.model.forward = function (...args: Parameters<typeof forward>) {
      if (!this.training && (seen += 1) === 3) controller.abort(new Error("stop"));
      return forward.apply(this, args);
    };
    await expect(made.trainer.train({ signal: controller.signal })).rejects.toThrow("stop");
    expect([made.trainer.step, made.trainer.epoch, seen]).toEqual([3, 1, 3]);
    expect(made.trainer.history.some(({ evalMetrics }) => evalMetrics)).toBe(false);
    for (const rest of [make({ rng: new Rng(31) }), made]) {
      if (rest !== made) await rest.trainer.resume(path);
      await rest.trainer.train();
      expect(await weightsOf(rest)).toEqual(await weightsOf(whole));
      expect(untimed(rest)).toEqual(untimed(whole));
    }
  });
});

it("the file of the history grows by what is new, and is written anew where it is not what it was", async () => {
  const path = join(folder, "history.jsonl");
  const steps = async (): Promise<number[]> =>
    (await readFile(path, "utf8"))
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { step: number }).step);
  const file = new HistoryFile(path);
  const rows = [1, 2, 3].map((step) => ({ step, epoch: 0, loss: step }));
  await writeFile(path, "of another training\n");
  await file.write(rows);
  const { ino } = await stat(path);
  rows.push({ step: 4, epoch: 0, loss: 4 });
  await file.write(rows);
  await file.write(rows);
  expect(await steps()).toEqual([1, 2, 3, 4]);
  expect((await stat(path)).ino).toBe(ino);
  await writeFile(path, "");
  await file.write([...rows, { step: 5, epoch: 0, loss: 5 }]);
  expect(await steps()).toEqual([1, 2, 3, 4, 5]);
  // Resumed from an earlier checkpoint: other rows.
  await file.write(rows.slice(0, 2).map((row) => ({ ...row })));
  expect(await steps()).toEqual([1, 2]);
});

it("a training with every option is resumed bit for bit", async () => {
  const options = (): Partial<TrainerOptions> => ({
    epochs: 4,
    accumulate: 2,
    batchSize: 2,
    evalLosses: true,
    evalEvery: { steps: 2 },
    best: { loss: "total" },
    gradClip: 0.1,
  });
  const whole = make(options());
  await whole.trainer.train();
  for (const maxSteps of [1, 5, 8]) {
    const path = join(folder, `every-${maxSteps}`);
    await make({ ...options(), maxSteps, checkpoint: { path } }).trainer.train();
    const rest = make({ ...options(), rng: new Rng(31) });
    await rest.trainer.resume(path);
    await rest.trainer.train();
    expect(await weightsOf(rest)).toEqual(await weightsOf(whole));
    expect(rest.trainer.best).toEqual(whole.trainer.best);
    expect(untimed(rest)).toEqual(untimed(whole));
  }
});
