import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TensorDataset } from "../../ts/data/index.js";
import { adversarial, InterleavedLossScheduler, SupLoss } from "../../ts/loss/index.js";
import { DnCNN, type Layer, PatchGANDiscriminator } from "../../ts/nn/index.js";
import { Adam, CosineAnnealingLR, type Optimizer, SGD } from "../../ts/optim/index.js";
import { Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { memory } from "../../ts/tensor/index.js";
import {
  AdversarialTrainer,
  type AdversarialTrainerOptions,
  htmlReport,
  Trainer,
  trainingCharts,
} from "../../ts/train/index.js";

const { SupAdversarialDiscriminatorLoss, SupAdversarialGeneratorLoss } = adversarial;
let folder: string;
beforeAll(async () => {
  await init();
  folder = await mkdtemp(join(tmpdir(), "adjoint-adversarial-"));
});
afterAll(async () => await rm(folder, { recursive: true }));

type Flavour = adversarial.AdversarialFlavour;

function make(
  flavour: Flavour = "lsgan",
  more: Partial<AdversarialTrainerOptions> = {},
  optimizerOf: (network: Layer) => Optimizer = (network) => new Adam(network.parameters(), { lr: 1e-2 }),
) {
  const rng = new Rng(0);
  const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 4, rng: rng.fork() });
  const D = new PatchGANDiscriminator({
    inputNc: 1,
    ndf: 2,
    nLayers: 1,
    batchNorm: flavour === "lsgan",
    spectralNorm: flavour === "hinge",
    rng: rng.fork(),
  });
  const [optimizer, optimizerD] = [optimizerOf(model), optimizerOf(D)];
  const options: AdversarialTrainerOptions = {
    model,
    D,
    physics: new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) }),
    losses: [new SupLoss(), { loss: new SupAdversarialGeneratorLoss({ flavour }), weight: 2 }],
    lossesD: new SupAdversarialDiscriminatorLoss({ flavour }),
    optimizer,
    optimizerD,
    schedule: new CosineAnnealingLR(optimizer, { tMax: 12 }),
    scheduleD: new CosineAnnealingLR(optimizerD, { tMax: 20 }),
    scheduleEvery: "step",
    stepRatioD: 3,
    epochs: 4,
    trainData: new TensorDataset({ x: rng.fork().uniform([12, 1, 8, 8]) }),
    batchSize: 4,
    rng,
    readEvery: 2,
    ...more,
  };
  return { model, D, optimizer, optimizerD, trainer: new AdversarialTrainer(options) };
}

type Made = ReturnType<typeof make>;
const bits = async ({ model, D }: Pick<Made, "model" | "D">): Promise<number[]> => {
  const tensors = [...model.parameters(), ...D.parameters(), ...D.buffers()];
  return (await Promise.all(tensors.map((t) => t.data()))).flatMap((values) => [...values]);
};
const code = (f: () => unknown): unknown => {
  try {
    f();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
};

describe("AdversarialTrainer", () => {
  it.each(["standard", "lsgan", "wgan", "wgan-gp", "hinge"] as const)(
    "stopped and resumed is bit-identical to uninterrupted: %s",
    async (flavour) => {
      const whole = make(flavour);
      await whole.trainer.train();
      for (const maxSteps of [4, 6]) {
        const path = join(folder, `${flavour}-${maxSteps}`);
        await make(flavour, { maxSteps, checkpoint: { path } }).trainer.train();
        const rest = make(flavour);
        await rest.trainer.resume(path);
        await rest.trainer.train();
        expect(await bits(rest)).toEqual(await bits(whole));
        const plain = (made: Made) => made.trainer.history.map((entry) => ({ ...entry, imagesPerSecond: undefined }));
        expect(plain(rest)).toEqual(plain(whole));
      }
      expect((await bits(whole)).every(Number.isFinite)).toBe(true);
    },
  );

  it("takes stepRatioD discriminator steps per generator step, with a learning rate of their own", async () => {
    const { trainer, optimizer, optimizerD, D } = make();
    D.eval();
    await trainer.train();
    expect(D.training).toBe(true);
    expect([optimizer.stepCount, optimizerD.stepCount]).toEqual([12, 36]);
    expect(optimizer.learningRate).toBeCloseTo(0, 12);
    expect(optimizerD.learningRate).toBeGreaterThan(1e-3);
  });

  it("evaluates both losses of a step before the discriminator moves", async () => {
    const more = { epochs: 1, maxSteps: 1, stepRatioD: 1, readEvery: 1 };
    const [a, b] = [make("lsgan", more), make("lsgan", more)];
    const untouched = await bits({ model: b.model, D: b.D });
    const history = await a.trainer.train();
    // With learning rate 0 for both only the running statistics change.
    const still = make("lsgan", more);
    still.optimizer.setScheduledLearningRate(0);
    still.optimizerD.setScheduledLearningRate(0);
    const unmoved = await still.trainer.train();
    const weights = [...still.model.parameters(), ...still.D.parameters()];
    const before = untouched.slice(
      0,
      weights.reduce((n, t) => n + t.size, 0),
    );
    expect((await Promise.all(weights.map((t) => t.data()))).flatMap((values) => [...values])).toEqual(before);
    expect(history[0]!.losses).toEqual(unmoved[0]!.losses);
    expect(history[0]!.discriminator).toEqual(unmoved[0]!.discriminator);
    expect(history[0]!.loss).toBeCloseTo(
      history[0]!.losses!["SupLoss"]! + 2 * history[0]!.losses!["SupAdversarialGeneratorLoss"]!,
      6,
    );
  });

  it("reports the discriminator's curves", async () => {
    const { trainer } = make("hinge");
    const history = await trainer.train();
    for (const entry of history)
      expect(entry.discriminator).toEqual({
        total: expect.any(Number),
        SupAdversarialDiscriminatorLoss: entry.discriminator!["total"],
      });
    const charts = trainingCharts(history);
    expect(charts[1]).toContain("SupAdversarialDiscriminatorLoss");
    expect(htmlReport({ title: "t", intro: "i", tables: [], figures: [], charts, details: {} })).toContain(
      "Discriminator",
    );
  });

  it("clips the weights for wgan, also within a scheduler", async () => {
    const lossesD = new InterleavedLossScheduler({
      losses: [new SupAdversarialDiscriminatorLoss({ flavour: "wgan", clip: 0.03 })],
    });
    const { trainer, D } = make("wgan", { lossesD });
    await trainer.train();
    const values = (await Promise.all(D.parameters().map((t) => t.data()))).flatMap((weight) =>
      [...weight].map(Math.abs),
    );
    expect(Math.max(...values)).toBeLessThanOrEqual(Math.fround(0.03));
  });

  it("clips the gradients of each network separately", async () => {
    // With SGD and learning rate 1 a step subtracts the gradient that the optimiser was given.
    const { trainer, model, D } = make(
      "lsgan",
      { epochs: 1, maxSteps: 1, stepRatioD: 1, gradClip: 1e-3 },
      (network) => {
        return new SGD(network.parameters(), { lr: 1 });
      },
    );
    const values = async (network: Layer) =>
      (await Promise.all(network.parameters().map((t) => t.data()))).flatMap((weight) => [...weight]);
    const before = [await values(model), await values(D)];
    await trainer.train();
    for (const [i, network] of [model, D].entries()) {
      const after = await values(network);
      const norm = Math.hypot(...before[i]!.map((value, k) => value - after[k]!));
      expect(norm).toBeGreaterThan(0.99e-3);
      expect(norm).toBeLessThan(1.01e-3);
    }
  });

  it("uses as much memory after 120 steps as after 20", async () => {
    const figures: number[] = [];
    const { trainer } = make("wgan-gp", {
      epochs: 50,
      maxSteps: 120,
      readEvery: 10,
      onProgress: ({ step }) => (step === 20 || step === 120) && figures.push(memory().tensors),
    });
    await trainer.train();
    expect(figures[1]).toBeLessThanOrEqual(figures[0]!);
  });

  it("stops at a non-finite discriminator loss, and names it", async () => {
    const { trainer } = make("wgan-gp", { stepRatioD: 1, readEvery: 1, ...broken() });
    await expect(trainer.train()).rejects.toMatchObject({
      code: "non_finite_loss",
      message: expect.stringMatching(/Adversarial\w+ is (NaN|-?Infinity) at step \d+/),
    });
  });
});

/** A discriminator with a far too large learning rate. */
function broken(): Partial<AdversarialTrainerOptions> {
  const D = new PatchGANDiscriminator({ inputNc: 1, ndf: 2, nLayers: 1, batchNorm: false, rng: new Rng(0) });
  return { D, optimizerD: new SGD(D.parameters(), { lr: 1e30 }) };
}

describe("bad input of the AdversarialTrainer", () => {
  it.each([
    ["no discriminator", { D: undefined as never }, "missing_argument"],
    ["a discriminator that is not a network", { D: {} as never }, "invalid_argument"],
    ["no losses", { lossesD: [] }, "missing_argument"],
    ["no optimiser", { optimizerD: undefined as never }, "missing_argument"],
    ["half a step", { stepRatioD: 0.5 }, "invalid_argument"],
    ["an unknown option", { stepsD: 2 } as never, "unknown_option"],
  ])("%s", (_, more, expected) =>
    expect(code(() => make("lsgan", more as Partial<AdversarialTrainerOptions>))).toBe(expected),
  );

  it("optimisers that share parameters", () => {
    const { model } = make();
    const shared = new Adam(model.parameters(), { lr: 1 });
    expect(code(() => make("lsgan", { optimizer: shared, optimizerD: shared }))).toBe("invalid_argument");
  });

  it("a checkpoint of a training without a discriminator, which changes nothing", async () => {
    const path = join(folder, "plain");
    const { model, optimizer } = make();
    const rng = new Rng(0);
    await new Trainer({
      model,
      physics: new Denoising({}),
      losses: [new SupLoss(), new SupLoss()],
      optimizer,
      trainData: new TensorDataset({ x: rng.uniform([2, 1, 8, 8]) }),
      rng,
      checkpoint: { path },
    }).train();
    const other = make();
    const before = await bits(other);
    await expect(other.trainer.resume(path)).rejects.toMatchObject({ code: "checkpoint_invalid" });
    expect(await bits(other)).toEqual(before);
  });
});
