import { describe, expect, it } from "vitest";
import { DataLoader, TensorDataset } from "../../ts/data/index.js";
import {
  adversarial,
  type Loss,
  R2RLoss,
  ScoreLoss,
  SplittingLoss,
  StepLossScheduler,
  SupLoss,
  SureGaussianLoss,
  TVLoss,
} from "../../ts/loss/index.js";
import { MSE } from "../../ts/metric/index.js";
import { DnCNN, PatchGANDiscriminator } from "../../ts/nn/index.js";
import { Adam } from "../../ts/optim/index.js";
import { Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { full } from "../../ts/tensor/index.js";
import { AdversarialTrainer, Trainer, type TrainerOptions } from "../../ts/train/index.js";
import { gainTrainer } from "./gain.js";

await init({ device: "cpu" });

/** Measurements without ground truth. */
const y = new Rng(9).uniform([6, 1, 8, 8]);
const measurements = new TensorDataset({ y });

function make(losses: TrainerOptions["losses"], more: Partial<TrainerOptions> = {}, lr = 1e-2) {
  const rng = new Rng(0);
  const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 4, rng: rng.fork() });
  const trainer = new Trainer({
    model,
    physics: new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) }),
    losses,
    optimizer: new Adam(model.parameters(), { lr }),
    epochs: 4,
    trainData: measurements,
    batchSize: 3,
    evalData: measurements,
    readEvery: 1,
    rng,
    ...more,
  });
  return { model, trainer };
}
const evaluations = ({ history }: Trainer) => history.filter(({ evalLoss }) => evalLoss !== undefined);
const weights = async ({ model }: { model: DnCNN }): Promise<number[]> =>
  (await Promise.all(model.parameters().map((p) => p.data()))).flatMap((values) => [...values]);

const kinds: [string, () => Loss][] = [
  ["SureGaussianLoss", () => new SureGaussianLoss({ sigma: 0.1 })],
  ["SureGaussianLoss, unsure", () => new SureGaussianLoss({ sigma: 0.1, unsure: true })],
  ["R2RLoss", () => new R2RLoss()],
  ["ScoreLoss", () => new ScoreLoss({ totalBatches: 8 })],
  ["SplittingLoss, which does not split in evaluation", () => new SplittingLoss({ evalSplitInput: false })],
  ["a scheduler", () => new StepLossScheduler({ losses: [new SureGaussianLoss({ sigma: 0.1 })], epochThresh: 0 })],
];

describe("evaluation without ground truth", () => {
  // The others change over a training: the level of UNSURE, the perturbation of ScoreLoss.
  const constant = kinds.filter(([name]) => !/unsure|ScoreLoss/.test(name));
  it.each(constant)("evaluates the loss with the same draws each time: %s", async (_, loss) => {
    const { trainer } = make(loss(), {}, 0);
    await trainer.train();
    const [first, ...others] = evaluations(trainer).map(({ evalLoss }) => evalLoss as number);
    // A scheduler has no loss in its first epoch.
    const same = loss().name.includes("Scheduler") ? (others[0] as number) : (first as number);
    expect(Number.isFinite(same) && same !== 0).toBe(true);
    for (const value of others) expect(value).toBe(same);
  });

  it.each(kinds)("does not change the training: %s", async (_, loss) => {
    const plain = make(loss());
    const without = make(loss(), { evalData: undefined } as never);
    await plain.trainer.train();
    await without.trainer.train();
    expect(await weights(plain)).toEqual(await weights(without));
    const states = [plain, without].map(({ trainer }) =>
      trainer.history.filter(({ loss: value }) => value !== undefined),
    );
    const untimed = states.map((entries) => entries.map((entry) => ({ ...entry, imagesPerSecond: 0 })));
    expect(untimed[0]).toEqual(untimed[1]);
  });

  it("is in evaluation mode, and weighs the losses", async () => {
    const losses = [
      { loss: new TVLoss(), weight: 0.5 },
      { loss: new SureGaussianLoss({ sigma: 1 }), weight: 2 },
    ];
    const { model, trainer } = gainTrainer({
      physics: new Denoising({ noiseModel: new GaussianNoise({ sigma: 1 }) }),
      trainData: new TensorDataset({ y: full([1, 2, 2, 2], 1) }),
      evalData: new TensorDataset({ y: full([1, 2, 2, 2], 3) }),
      losses,
    });
    await trainer.train();
    // One pass for the reconstruction, one for the divergence of SURE.
    expect(model.seen.map(({ training }) => training)).toEqual([true, true, false, false]);
    const [entry] = evaluations(trainer);
    const { TVLoss: tv = Number.NaN, SureGaussianLoss: sure = Number.NaN } = entry?.evalLosses ?? {};
    expect(entry?.evalLoss).toBeCloseTo(0.5 * tv + 2 * sure, 5);
    // f(y) = y: SURE is 0 + 2 sigma^2 (b, b) / n - sigma^2, with the mean sigma^2.
    expect(sure).toBeGreaterThan(-1);
  });

  it("is the mean over images, whatever the batches", async () => {
    const losses = [1, 2, 4, 6].map(async (batchSize) => {
      const { trainer } = make(new TVLoss(), { evalData: new DataLoader({ dataset: measurements, batchSize }) }, 0);
      await trainer.train();
      return evaluations(trainer)[0]?.evalLoss as number;
    });
    const [one, ...others] = await Promise.all(losses);
    for (const value of others) expect(value).toBeCloseTo(one as number, 6);
  });

  it("stops early, and keeps the best weights", async () => {
    const { trainer } = make(new SureGaussianLoss({ sigma: 0.1 }), { epochs: 200, earlyStop: { patience: 3 } }, 0.05);
    await trainer.train();
    const values = evaluations(trainer).map(({ evalLoss }) => evalLoss as number);
    expect(values.length).toBeLessThan(200);
    expect(values.indexOf(Math.min(...values))).toBe(values.length - 4);
    expect(trainer.best).toMatchObject({ name: "total", value: Math.min(...values) });
  });

  it("with ground truth too, where asked", async () => {
    const truth = new TensorDataset({ x: y });
    const { trainer } = make(new SupLoss(), { trainData: truth, evalData: truth, evalLosses: true });
    const history = await trainer.train();
    for (const entry of history.filter(({ evalMetrics }) => evalMetrics))
      expect(entry.evalLosses?.["SupLoss"]).toBeGreaterThan(0);
    const plain = make(new SupLoss(), { trainData: truth, evalData: truth });
    expect((await plain.trainer.train()).every(({ evalLoss }) => evalLoss === undefined)).toBe(true);
  });

  it("of adversarial training: the discriminator takes part, in evaluation mode", async () => {
    const rng = new Rng(0);
    const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 4, rng });
    const D = new PatchGANDiscriminator({ inputNc: 1, ndf: 2, nLayers: 1, rng });
    const modes: boolean[] = [];
    const trainer = new AdversarialTrainer({
      model,
      D,
      physics: new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) }),
      losses: new adversarial.UnsupAdversarialGeneratorLoss({}),
      lossesD: new adversarial.UnsupAdversarialDiscriminatorLoss({}),
      optimizer: new Adam(model.parameters(), { lr: 1e-3 }),
      optimizerD: new Adam(D.parameters(), { lr: 1e-3 }),
      trainData: measurements,
      evalData: measurements,
      batchSize: 3,
      onEvaluation: () => modes.push(D.training),
      rng,
    });
    await trainer.train();
    expect(modes).toEqual([false]);
    expect(evaluations(trainer)[0]?.evalLosses?.["UnsupAdversarialGeneratorLoss"]).toBeGreaterThan(0);
  });

  it.each<[Partial<TrainerOptions>, string]>([
    [{ evalLosses: false }, "missing_argument"],
    [{ earlyStop: { patience: 1, metric: "PSNR" } }, "invalid_argument"],
    [{ best: { loss: "SupLoss" } }, "invalid_argument"],
  ])("%j is refused before the first step", async (more, code) => {
    const { trainer } = make(new SureGaussianLoss({ sigma: 0.1 }), more);
    await expect(trainer.train()).rejects.toMatchObject({ name: "ArgumentError", code });
    expect(trainer.step).toBe(0);
  });
});

describe("evalEvery", () => {
  const evaluated = async (more: Partial<TrainerOptions>): Promise<number[]> => {
    const { trainer } = make(new TVLoss(), { metrics: [new MSE()], ...more });
    return (await trainer.train()).filter(({ evalLoss }) => evalLoss !== undefined).map(({ step }) => step);
  };
  it.each<[Partial<TrainerOptions>, number[]]>([
    [{}, [2, 4, 6, 8]],
    [{ evalEvery: 2 }, [4, 8]],
    [{ evalEvery: 3 }, [6, 8]],
    [{ evalEvery: { steps: 3 } }, [3, 6, 8]],
    [{ evalEvery: { steps: 2 } }, [2, 4, 6, 8]],
    [{ evalEvery: { steps: 3 }, maxSteps: 7 }, [3, 6]],
  ])("%j: epochs of two steps, four of them", async (more, steps) => {
    expect(await evaluated(more)).toEqual(steps);
  });
});
