import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { TensorDataset } from "../../ts/data/index.js";
import { adversarial, StepLossScheduler, SupLoss, TVLoss } from "../../ts/loss/index.js";
import { DnCNN, PatchGANDiscriminator } from "../../ts/nn/index.js";
import { Adam } from "../../ts/optim/index.js";
import { Denoising } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { noGrad, type Tensor, zeros } from "../../ts/tensor/index.js";
import { AdversarialTrainer, Trainer, type TrainerOptions } from "../../ts/train/index.js";

await init({ device: "cpu" });
const folder = await mkdtemp(join(tmpdir(), "adjoint-train-mistakes-"));
afterAll(async () => await rm(folder, { recursive: true }));
await mkdir(join(folder, "folder"));

/** What a small training is made of; its model gives what `change` makes of the network's output. */
function parts(change: (xNet: Tensor, y: Tensor) => Tensor = (xNet) => xNet): TrainerOptions {
  const rng = new Rng(0);
  const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 2, nf: 2, rng: rng.fork() });
  const forward = model.forward.bind(model);
  model.forward = (y, ...more) => change(forward(y, ...more), y);
  const data = new TensorDataset({ x: rng.fork().uniform([4, 1, 8, 8]) });
  const optimizer = new Adam(model.parameters());
  return { model, optimizer, physics: new Denoising(), losses: new SupLoss(), trainData: data, evalData: data, rng };
}

describe("a training in which no weight would ever change is refused at its first step", () => {
  it.each<[string, () => TrainerOptions, RegExp]>([
    ["a model that detaches", () => parts((xNet) => xNet.detach()), /^Trainer: SupLoss does not depend on any weight/],
    ["a model within noGrad", () => parts((xNet) => noGrad(() => xNet.mul(1))), /noGrad\.$/],
    [
      "a model that returns its input",
      () => ({ ...parts((_, y) => y), losses: [new SupLoss(), new TVLoss()] }),
      /SupLoss \+ TVLoss/,
    ],
  ])("%s", async (_, made, message) => {
    const error = {
      name: "ArgumentError",
      code: "invalid_argument",
      message: expect.stringMatching(message) as string,
    };
    await expect(new Trainer(made()).train()).rejects.toMatchObject(error);
  });

  it("of an adversarial training, too", async () => {
    const D = new PatchGANDiscriminator({ inputNc: 1, ndf: 2, nLayers: 1, rng: new Rng(0) });
    const options = { ...parts((xNet) => xNet.detach()), D, optimizerD: new Adam(D.parameters()) };
    const lossesD = new adversarial.SupAdversarialDiscriminatorLoss();
    await expect(new AdversarialTrainer({ ...options, lossesD }).train()).rejects.toThrow(/SupLoss does not depend/);
  });

  it("but a scheduler may begin without any loss", async () => {
    const losses = new StepLossScheduler({ losses: [new SupLoss()] });
    const trainer = new Trainer({ ...parts(), losses, epochs: 2, readEvery: 1 });
    const entries = (await trainer.train()).filter(({ loss }) => loss !== undefined);
    expect(entries[0]?.loss).toBe(0);
    expect(entries.at(-1)?.loss).toBeGreaterThan(0);
  });
});

describe("files that cannot be written are refused before the first step", () => {
  it.each<[string, Partial<TrainerOptions>]>([
    ["checkpoint", { checkpoint: { path: join(folder, "folder") } }],
    ["best", { best: { path: join(folder, "folder") } }],
    ["historyPath", { historyPath: join(folder, "folder") }],
  ])("a folder as %s", async (_, files) => {
    const trainer = new Trainer({ ...parts(), ...files });
    await expect(trainer.train()).rejects.toMatchObject({
      code: "file_unwritable",
      message: expect.stringMatching(/folder is a folder, expected the path of a file/) as string,
    });
    expect(trainer.step).toBe(0);
    expect(await readdir(folder)).toEqual(["folder"]);
  });

  it("one file for two purposes", () => {
    const path = join(folder, "one");
    for (const [files, names] of [
      [{ checkpoint: { path }, best: { path } }, "checkpoint.path and best.path"],
      [{ checkpoint: { path }, historyPath: path }, "checkpoint.path and historyPath"],
      [{ best: { path }, historyPath: path }, "best.path and historyPath"],
    ] as const)
      expect(() => new Trainer({ ...parts(), ...files })).toThrow(`Trainer: ${names} are both ${path}`);
  });
});

it("a dataset that gives one tensor again and again is named: it was freed", async () => {
  const x = zeros([1, 8, 8]);
  const trainer = new Trainer({ ...parts(), trainData: { length: 4, get: () => ({ x }) }, batchSize: 2 });
  await expect(trainer.train()).rejects.toThrow(/gave x, a tensor that was freed; .* such as x\.clone\(\)\./);
});

it.each<[string, object, RegExp]>([
  [
    "a controller as signal",
    { signal: new AbortController() },
    /Trainer\.train: signal is .*, expected an AbortSignal/,
  ],
  ["a misspelt signal", { sginal: new AbortController().signal }, /unknown option "sginal"; did you mean "signal"/],
])("train refuses %s", async (_, options, message) => {
  const trainer = new Trainer(parts());
  await expect(trainer.train(options)).rejects.toThrow(message);
  await trainer.train();
  expect(trainer.step).toBe(4);
});
