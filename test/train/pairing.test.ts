import { describe, expect, it } from "vitest";
import { TensorDataset } from "../../ts/data/index.js";
import {
  MCLoss,
  Noise2NoiseLoss,
  R2RLoss,
  RandomLossScheduler,
  SplittingLoss,
  StackedPhysicsLoss,
  SupLoss,
  SureGaussianLoss,
  SurePoissonLoss,
} from "../../ts/loss/index.js";
import { DnCNN, PatchGANDiscriminator } from "../../ts/nn/index.js";
import { Adam } from "../../ts/optim/index.js";
import { Denoising, GaussianNoise, Inpainting, PoissonNoise, StackedPhysics } from "../../ts/physics/index.js";
import { init } from "../../ts/runtime/index.js";
import { ones } from "../../ts/tensor/index.js";
import { AdversarialTrainer, Trainer, type TrainerOptions } from "../../ts/train/index.js";

await init({ device: "cpu" });

const gaussian = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
const poisson = new Denoising({ noiseModel: new PoissonNoise({ gain: 0.1 }) });
const masked = new Inpainting({ imgSize: [1, 8, 8], noiseModel: new GaussianNoise({ sigma: 0.1 }) });
const sure = (): SureGaussianLoss => new SureGaussianLoss({ sigma: 0.1 });
const network = (): DnCNN => new DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 2 });

/** The options as plain JavaScript may give them. */
function options(more: Partial<TrainerOptions>): TrainerOptions {
  const model = network();
  return {
    model,
    physics: gaussian,
    losses: new SupLoss(),
    optimizer: new Adam(model.parameters(), { lr: 1e-3 }),
    trainData: new TensorDataset({ x: ones([2, 1, 8, 8]) }),
    ...more,
  };
}

describe("the constructor of a Trainer refuses, before any data is looked at,", () => {
  const fitting = "Losses that fit this physics: SupLoss, MCLoss, SurePoissonLoss";
  const cases: [string, Partial<TrainerOptions>, string][] = [
    ["a loss of another noise", { physics: poisson, losses: sure() }, fitting],
    ["one in a list", { physics: poisson, losses: [new MCLoss(), { loss: sure(), weight: 2 }] }, fitting],
    [
      "one in a scheduler, before the scheduler chooses it",
      { physics: poisson, losses: new RandomLossScheduler({ losses: [new MCLoss(), [sure()]], weightings: [1, 0] }) },
      fitting,
    ],
    ["one that does not fit the second physics", { physics: [gaussian, poisson], losses: sure() }, fitting],
    [
      "one of the list of its own data set",
      { physics: [gaussian, poisson], losses: [[sure()], [sure()]] },
      "assumes gaussian noise, but this physics has poisson noise",
    ],
    [
      "one operator's loss for a stack",
      { physics: new StackedPhysics({ list: [gaussian, masked] }), losses: sure() },
      "give each operator its own loss in a StackedPhysicsLoss",
    ],
    [
      "a loss that does not fit its operator of a stack",
      {
        physics: new StackedPhysics({ list: [gaussian, poisson] }),
        losses: new StackedPhysicsLoss({ losses: [sure(), sure()] }),
      },
      fitting,
    ],
  ];
  it.each(cases)("%s", (_, more, message) => {
    expect(() => new Trainer(options(more))).toThrow(
      expect.objectContaining({ code: "incompatible_physics", message: expect.stringContaining(message) }),
    );
  });

  it("a model that is adapted to another loss", () => {
    const model = network();
    const given = { ...options({}), model: new SplittingLoss().adaptModel(model), losses: new R2RLoss() };
    const optimizer = new Adam(model.parameters(), { lr: 1e-3 });
    expect(() => new Trainer<TrainerOptions["losses"]>({ ...given, optimizer } as TrainerOptions)).toThrow(
      expect.objectContaining({
        code: "model_not_adapted",
        message: expect.stringContaining("is adapted to SplittingLoss; give the network itself"),
      }),
    );
  });

  it("losses of a discriminator likewise", () => {
    const D = new PatchGANDiscriminator({ inputNc: 1, ndf: 2, nLayers: 1 });
    const given = { ...options({ physics: poisson }), D, optimizerD: new Adam(D.parameters(), { lr: 1e-3 }) };
    expect(() => new AdversarialTrainer({ ...given, lossesD: sure() })).toThrow(
      expect.objectContaining({ code: "incompatible_physics" }),
    );
  });
});

describe("a Trainer takes", () => {
  it("each loss with the physics of its data set", () => {
    const losses = [[sure()], [new SurePoissonLoss({ gain: 0.1 })]];
    expect(new Trainer(options({ physics: [gaussian, poisson], losses })).steps).toBe(4);
  });

  it("a stack with a loss for each operator", () => {
    const physics = new StackedPhysics({ list: [gaussian, poisson] });
    const losses = new StackedPhysicsLoss({ losses: [sure(), new SurePoissonLoss({ gain: 0.1 })] });
    expect(new Trainer(options({ physics, losses })).steps).toBe(2);
  });
});

describe("data without ground truth", () => {
  const trainData = new TensorDataset({ y: ones([2, 1, 8, 8]) });

  it.each([
    ["a supervised loss", new SupLoss()],
    ["one in a scheduler", new RandomLossScheduler({ losses: [new MCLoss(), new SupLoss()] })],
  ])("is refused for %s before the first step", async (_, losses) => {
    const given: TrainerOptions = options({ trainData, losses });
    const trainer = new Trainer(given);
    await expect(trainer.train()).rejects.toMatchObject({
      code: "missing_argument",
      message: expect.stringContaining(
        "SupLoss compares with the ground truth x, but trainData has measurements y alone",
      ),
    });
    expect(trainer.step).toBe(0);
  });

  it("is refused for a loss of pairs, which names the second image", async () => {
    const given: TrainerOptions = options({ trainData, losses: new Noise2NoiseLoss() });
    await expect(new Trainer(given).train()).rejects.toMatchObject({
      code: "missing_argument",
      message: expect.stringContaining("Noise2NoiseLoss compares with a second noisy image x, but trainData has"),
    });
  });

  it("is not needed for pairs of noisy images", async () => {
    const pairs = new TensorDataset({ x: ones([2, 1, 8, 8]), y: ones([2, 1, 8, 8]) });
    const trainer = new Trainer(options({ trainData: pairs, losses: new Noise2NoiseLoss() }));
    await trainer.train();
    expect(trainer.step).toBe(trainer.steps);
  });
});
