import { describe, expect, it } from "vitest";
import { DataLoader, TensorDataset } from "../../ts/data/index.js";
import { Loss, SupLoss, TVLoss } from "../../ts/loss/index.js";
import { PSNR } from "../../ts/metric/index.js";
import { DnCNN, PatchGANDiscriminator } from "../../ts/nn/index.js";
import { Adam, StepLR } from "../../ts/optim/index.js";
import { Denoising, SigmaGenerator } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { ones } from "../../ts/tensor/index.js";
import { AdversarialTrainer, Trainer, type TrainerOptions } from "../../ts/train/index.js";
import { TRAINER_KEYS } from "../../ts/train/check-options.js";

await init({ device: "cpu" });

function right(): TrainerOptions {
  const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 2, nf: 1 });
  const data = new TensorDataset({ x: ones([2, 1, 4, 4]) });
  return {
    model,
    physics: new Denoising(),
    losses: new SupLoss(),
    optimizer: new Adam(model.parameters()),
    trainData: data,
    evalData: data,
    rng: new Rng(0),
  };
}

/** Things that come by mistake, with what a message calls them. */
const nonsense: [() => unknown, string][] = [
  [() => ones([2, 1, 4, 4]), "a tensor [2, 1, 4, 4]"],
  [() => "Adam", 'the string "Adam"'],
  [() => SupLoss, "the class SupLoss itself"],
  [() => () => undefined, "a function"],
  [() => ({}), "an object"],
  [() => [], "an empty list"],
  [() => [1, 2], "a list of 2"],
  [() => Promise.resolve(1), "a promise (await is missing)"],
  [() => 7n, "the bigint 7"],
  [() => Symbol("x"), "the symbol Symbol(x)"],
  [() => true, "the boolean true"],
  [() => Number.NaN, "the number NaN"],
  [() => -1, "the number -1"],
  [() => new Denoising(), "an instance of Denoising"],
  [() => new SupLoss(), "an instance of SupLoss"],
  [() => new PSNR(), "an instance of PSNR"],
  [() => new Map(), "an instance of Map"],
  [() => null, "null"],
];

/** Which of these an option takes, by its name for a message. */
const taken: Partial<Record<keyof TrainerOptions, readonly string[]>> = {
  physics: ["an instance of Denoising"],
  losses: ["an instance of SupLoss"],
  syncBatchNorm: ["null"],
  redraw: ["the boolean true", "null"],
  evalLosses: ["the boolean true", "null"],
  historyPath: ['the string "Adam"'],
  onProgress: ["a function"],
  onEvaluation: ["a function"],
  metrics: ["an empty list"],
  loggers: ["an empty list"],
  best: ["an object"],
  baselines: ["an object"],
};

function thrown(f: () => unknown): unknown {
  try {
    f();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("options of another kind", () => {
  const cases = TRAINER_KEYS.flatMap((key) => nonsense.map(([make, name]) => [key, name, make] as const));
  it("every option is checked", () => {
    // The compiler refuses a table of checks that lacks an option or has another.
    expect(TRAINER_KEYS).toEqual(expect.arrayContaining(Object.keys(right())));
    expect(TRAINER_KEYS).toContain("baselines");
  });

  it.each(cases)("%s: %s", async (key, name, make) => {
    const error = thrown(() => new Trainer({ ...right(), [key]: make() }));
    if (taken[key as keyof TrainerOptions]?.includes(name)) {
      expect(error).toBeUndefined();
      return;
    }
    expect(error).toMatchObject({
      name: "ArgumentError",
      code: expect.stringMatching(/^(?:invalid_argument|missing_argument|unknown_option)$/),
      message: expect.stringMatching(/^Trainer: [\s\S]*\.$/),
    });
    const { message } = error as Error;
    expect(message).toContain(key);
    expect(message).toMatch(/expected|missing|unknown option/);
  });

  it.each<[string, object, RegExp]>([
    ["a tensor as trainData", { trainData: ones([2, 1, 4, 4]) }, /a tensor \[2, 1, 4, 4\].*new data\.TensorDataset/],
    ["a name as optimizer", { optimizer: "Adam" }, /the string "Adam", expected an optimiser, such as new optim\.Adam/],
    ["a class as loss", { losses: SupLoss }, /the class SupLoss itself \(new SupLoss\(\.\.\.\) is missing\)/],
    ["a class among losses", { losses: [new TVLoss(), SupLoss] }, /the class SupLoss itself/],
    ["a function as model", { model: (y: unknown) => y }, /model is a function, expected a network/],
    ["a class as model", { model: DnCNN }, /model is the class DnCNN itself/],
    ["one entry of a list", { physics: [new Denoising(), "blur"] }, /physics\[1\] is the string "blur"/],
    ["a class as metric", { metrics: [PSNR] }, /metrics\[0\] is the class PSNR itself/],
    ["one metric without a list", { metrics: new PSNR() }, /metrics is an instance of PSNR, expected a list/],
    ["one logger without a list", { loggers: { scalars: () => {} } }, /loggers is an object, expected a list/],
    ["a logger without scalars", { loggers: [{ log: () => {} }] }, /loggers\[0\] is an object, expected a logger/],
    ["a loss without weight", { losses: [{ loss: new SupLoss() }] }, /weight of SupLoss is undefined/],
    ["a promise of a dataset", { trainData: Promise.resolve(1) }, /trainData is a promise \(await is missing\)/],
    ["an empty list of data", { trainData: [] }, /trainData is an empty list/],
    ["a path as checkpoint", { checkpoint: "a.safetensors" }, /checkpoint is the string .*expected \{ path \}/],
    ["a checkpoint without path", { checkpoint: { every: 3 } }, /checkpoint\.path is missing/],
    ["a number as earlyStop", { earlyStop: 3 }, /earlyStop is the number 3, expected \{ patience \}/],
    ["an early stop without patience", { earlyStop: {} }, /earlyStop\.patience is missing/],
    ["a misspelt entry", { earlyStop: { patience: 3, delta: 1 } }, /unknown option "delta"; did you mean "minDelta"/],
    ["both metric and loss", { best: { metric: "PSNR", loss: "total" } }, /both metric and loss/],
    ["a decay of 1", { ema: { decay: 1 } }, /ema\.decay is 1/],
    ["a number as ema", { ema: 0.99 }, /ema is the number 0\.99, expected \{ decay \}/],
    [
      "a metric as baseline",
      { baselines: { a: new PSNR() } },
      /baselines\.a is an instance of PSNR, expected a function/,
    ],
    ["a word", { scheduleEvery: "batch" }, /scheduleEvery is "batch", expected one of "epoch", "step"/],
    ["an evaluation every 0 steps", { evalEvery: { steps: 0 } }, /evalEvery\.steps is 0/],
    ["a misspelt option", { trainDatas: 1 }, /unknown option "trainDatas"; did you mean "trainData"/],
  ])("%s is named, with what to do", (_, wrong, message) => {
    expect(() => new Trainer({ ...right(), ...wrong })).toThrow(
      expect.objectContaining({ name: "ArgumentError", message: expect.stringMatching(message) }),
    );
  });

  it.each<[string, () => Partial<TrainerOptions>, RegExp]>([
    [
      "lists of different lengths",
      () => ({
        physics: [new Denoising(), new Denoising()],
        trainData: [1, 2, 3].map(() => right().trainData as TensorDataset),
      }),
      /2 of physics and 3 of trainData/,
    ],
    [
      "generators for other data sets",
      () => ({
        physics: [new Denoising(), new Denoising()],
        physicsGenerator: [1, 2, 3].map(() => new SigmaGenerator()),
      }),
      /3 of physicsGenerator/,
    ],
    [
      "lists of losses for one data set",
      () => ({ losses: [[new SupLoss()], [new TVLoss()]] }),
      /2 lists among 2 entries for 1 data sets/,
    ],
    [
      "losses and lists of them mixed",
      () => ({ losses: [new SupLoss(), [new TVLoss()]] as never }),
      /1 lists among 2 entries/,
    ],
    [
      "evaluation data for other data sets",
      () => ({ evalData: [right().trainData as TensorDataset, right().trainData as TensorDataset] }),
      /evalData has 2 entries/,
    ],
    ["an optimiser of another model", () => ({ optimizer: right().optimizer }), /trains no weight of the model/],
    [
      "a schedule of another optimiser",
      () => ({ schedule: new StepLR(right().optimizer, { stepSize: 1 }) }),
      /the rate of another optimiser/,
    ],
    [
      "earlyStop without evalData",
      () => ({ evalData: undefined, earlyStop: { patience: 1 } }) as never,
      /earlyStop needs evalData/,
    ],
    ["best without evalData", () => ({ evalData: undefined, best: {} }) as never, /best needs evalData/],
  ])("%s are refused", (_, wrong, message) => {
    expect(() => new Trainer({ ...right(), ...wrong() })).toThrow(
      expect.objectContaining({ name: "ArgumentError", message: expect.stringMatching(message) }),
    );
  });

  it("no options at all", () => {
    expect(() => new (Trainer as new (options?: unknown) => Trainer)()).toThrow(/Trainer: the options are missing/);
    expect(() => new (Trainer as new (options?: unknown) => Trainer)("x")).toThrow(/expected an object/);
  });

  it("of an AdversarialTrainer", () => {
    const D = new PatchGANDiscriminator({ inputNc: 1, ndf: 2, nLayers: 1 });
    const all = { ...right(), D, lossesD: new TVLoss(), optimizerD: new Adam(D.parameters()) };
    expect(() => new AdversarialTrainer(all)).not.toThrow();
    for (const key of ["D", "lossesD", "optimizerD", "scheduleD", "stepRatioD"]) {
      for (const [make] of nonsense) {
        const value = make();
        if (key === "lossesD" && value instanceof Loss) continue;
        const error = thrown(() => new AdversarialTrainer({ ...all, [key]: value } as never));
        expect(error, `${key}: ${String(value)}`).toMatchObject({ name: "ArgumentError" });
      }
    }
  });

  it("data without examples, and samples without content", async () => {
    const dataset = (length: number) => ({ length, get: () => ({}) });
    expect(() => new Trainer({ ...right(), trainData: dataset(0) })).toThrow(
      expect.objectContaining({ code: "empty_data" }),
    );
    for (const key of ["trainData", "evalData"]) {
      const trainer = new Trainer({ ...right(), [key]: dataset(3) });
      await expect(trainer.train()).rejects.toMatchObject({
        code: "missing_argument",
        message: expect.stringContaining(`a sample of ${key} has neither x nor y`),
      });
      expect(trainer.step).toBe(0);
    }
    const empty = new Trainer({ ...right(), evalData: dataset(0) });
    await expect(empty.train()).rejects.toMatchObject({ code: "empty_data" });
  });

  it("data loaders are taken as they are", async () => {
    const trainData = new DataLoader({ dataset: right().trainData as TensorDataset, batchSize: 2 });
    await new Trainer({ ...right(), trainData }).train();
  });
});
