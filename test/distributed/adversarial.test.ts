import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { TensorDataset } from "../../ts/data/index.js";
import type { Group } from "../../ts/distributed/index.js";
import { adversarial, type Loss, SureGaussianLoss, TVLoss } from "../../ts/loss/index.js";
import { BatchNorm2d, Conv2d, Module, PatchGANDiscriminator } from "../../ts/nn/index.js";
import { Adam, SGD, StepLR } from "../../ts/optim/index.js";
import { BernoulliSplittingMaskGenerator, GaussianNoise, Inpainting } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { memory, type Tensor } from "../../ts/tensor/index.js";
import { AdversarialTrainer, type AdversarialTrainerOptions } from "../../ts/train/index.js";
import { bitsOf, onRanks, untimed, values } from "./made.js";

await init({ device: "cpu" });
const folder = await mkdtemp(join(tmpdir(), "adjoint-adversarial-ranks-"));
afterAll(async () => await rm(folder, { recursive: true }));

/** A generator with running statistics. */
class Net extends Module {
  readonly conv: Conv2d;
  readonly norm = new BatchNorm2d({ numFeatures: 1 });

  constructor(rng: Rng) {
    super();
    this.conv = new Conv2d({ inChannels: 1, outChannels: 1, kernelSize: 3, padding: 1, rng });
  }

  forward(y: Tensor): Tensor {
    return y.add(this.norm.forward(this.conv.forward(y)));
  }
}

type More = Partial<AdversarialTrainerOptions> | ((model: Module, D: Module) => Partial<AdversarialTrainerOptions>);

/** Masks and noise drawn at each step, a discriminator with running statistics, clipped weights: all that differs. */
function made(group: Group | undefined, more: More = {}, seed = 0) {
  const rng = new Rng(seed);
  const model = new Net(rng.fork());
  const D = new PatchGANDiscriminator({ inputNc: 1, ndf: 2, nLayers: 1, batchNorm: true, rng: rng.fork() });
  const optimizerD = new Adam(D.parameters(), { lr: 1e-2 });
  const trainer = new AdversarialTrainer({
    model: model as never,
    D,
    physics: new Inpainting({ imgSize: [1, 8, 8], noiseModel: new GaussianNoise({ sigma: 0.1 }) }),
    physicsGenerator: new BernoulliSplittingMaskGenerator({ imgSize: [1, 8, 8], splitRatio: 0.7 }),
    losses: new adversarial.UAIRGeneratorLoss({ flavour: "wgan" }) as never,
    lossesD: new adversarial.UAIRDiscriminatorLoss({ flavour: "wgan" }) as never,
    optimizer: new Adam(model.parameters(), { lr: 1e-2 }),
    optimizerD,
    scheduleD: new StepLR(optimizerD, { stepSize: 2, gamma: 0.5 }),
    stepRatioD: 2,
    // 7 batches in steps of 4: every second step lacks one.
    trainData: new TensorDataset({ x: new Rng(42).uniform([13, 1, 8, 8]) }),
    batchSize: 2,
    redraw: true,
    accumulate: 4,
    epochs: 100,
    maxSteps: 4,
    readEvery: 2,
    rng,
    ...(group ? { group } : {}),
    ...(typeof more === "function" ? more(model, D) : more),
  });
  return { model, D, optimizerD, trainer };
}

/** The weights and statistics of both networks. */
const bits = (run: ReturnType<typeof made>): string =>
  bitsOf(run as never) +
  JSON.stringify([...run.D.parameters(), ...run.D.buffers()].map((value) => [...value.dataSync()]));

const trained = async (n: number) =>
  values(
    await onRanks(n, async (group) => {
      const run = made(group, {}, group.rank);
      await run.trainer.train();
      return { bits: bits(run), history: untimed(run as never), steps: run.optimizerD.stepCount };
    }),
  );

const [whole] = await trained(1);

describe("an adversarial training on several ranks", () => {
  it("ends with the same two networks and history on 1, 2 and 4 ranks, and on each of them", async () => {
    expect(whole).toMatchObject({ steps: 8, history: { length: 2 } });
    for (const other of [...(await trained(2)), ...(await trained(4))]) expect(other).toEqual(whole);
  });

  it("goes on on another number of ranks with the bits of the uninterrupted run", async () => {
    const path = join(folder, "four");
    await onRanks(4, async (group) => await made(group, { maxSteps: 1, checkpoint: { path } }).trainer.train());
    const resumed = values(
      await onRanks(2, async (group) => {
        const run = made(group, {}, 5 + group.rank);
        if (group.rank === 0) await run.trainer.resume(path);
        await run.trainer.train();
        return bits(run);
      }),
    );
    expect(resumed).toEqual([whole?.bits, whole?.bits]);
  });

  it("learns what the same batches teach without a group", async () => {
    // Nothing is drawn. Not Adam, which would divide the rounding of gradients that are 0 by itself.
    const x = new Rng(3).uniform([8, 1, 8, 8]);
    const options = (model: Module, D: Module) => ({
      optimizer: new SGD(model.parameters(), { lr: 0.1 }),
      optimizerD: new SGD(D.parameters(), { lr: 0.1 }),
      scheduleD: undefined as never,
      trainData: new TensorDataset({ x, y: x }),
      physicsGenerator: undefined as never,
      losses: [new TVLoss(), new adversarial.SupAdversarialGeneratorLoss({ flavour: "lsgan" })] as never,
      lossesD: new adversarial.SupAdversarialDiscriminatorLoss({ flavour: "lsgan" }) as never,
      redraw: false,
      maxSteps: 2,
    });
    const alone = made(undefined, options);
    await alone.trainer.train();
    const [shared] = values(
      await onRanks(2, async (group) => {
        const run = made(group, options);
        await run.trainer.train();
        return run;
      }),
    );
    const weights = ({ model, D }: ReturnType<typeof made>): number[] =>
      [...model.parameters(), ...D.parameters()].flatMap((value) => [...value.dataSync()]);
    const found = weights(shared as NonNullable<typeof shared>);
    for (const [i, value] of weights(alone).entries()) expect(found[i]).toBeCloseTo(value, 4);
  });

  it("leaves no tensors", async () => {
    const run = async (maxSteps: number): Promise<number> => {
      const before = memory().tensors;
      values(
        await onRanks(2, async (group) => {
          const { model, D, optimizerD, trainer } = made(group, { maxSteps });
          await trainer.train();
          trainer.dispose();
          optimizerD.dispose();
          model.dispose();
          D.dispose();
        }),
      );
      return memory().tensors - before;
    };
    // Fewer than one a step; what earlier tests dropped may be freed meanwhile.
    const few = Math.max(0, await run(1));
    expect((await run(5)) - few).toBeLessThan(4);
  });

  it("refuses losses of the discriminator that learn from batch to batch", async () => {
    const lossesD = new SureGaussianLoss({ sigma: 0.1, unsure: true }) as Loss;
    const [result] = await onRanks(2, async (group) => await made(group, { lossesD } as never).trainer.train());
    expect(result).toMatchObject({ reason: { code: "invalid_argument" } });
  });
});
