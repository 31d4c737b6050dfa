import { expect, it } from "vitest";
import { compilerErrors } from "./compiler-errors.js";

/** What the compiler prints of a program whose first lines declare what trainings are made of; one entry an error. */
const errorsOf = (lines: readonly string[]): Promise<string[]> =>
  compilerErrors(`
import * as data from "../../ts/data/index.js";
import * as loss from "../../ts/loss/index.js";
import * as physics from "../../ts/physics/index.js";
import { AdversarialTrainer, Trainer } from "../../ts/train/index.js";
import type { Layer, Reconstructor } from "../../ts/nn/index.js";
import type { Optimizer } from "../../ts/optim/index.js";
import type { Tensor } from "../../ts/tensor/index.js";
declare const [model, optimizer, D, t]: [Reconstructor, Optimizer, Layer, Tensor];
declare const folder: data.MeasurementFolder;
const trainData = new data.TensorDataset({ x: t });
const gaussian = new physics.Denoising({ noiseModel: new physics.GaussianNoise({ sigma: 0.1 }) });
const poisson = new physics.Denoising({ noiseModel: new physics.PoissonNoise({ gain: 0.1 }) });
const salted = new physics.Denoising({ noiseModel: new physics.SaltPepperNoise() });
const masked = new physics.Inpainting({ imgSize: [1, 8, 8], noiseModel: new physics.GaussianNoise() });
const stacked = new physics.StackedPhysics({ list: [gaussian, masked] });
const [sup, sure, r2r] = [new loss.SupLoss(), new loss.SureGaussianLoss({ sigma: 0.1 }), new loss.R2RLoss()];
const counts = new loss.SurePoissonLoss({ gain: 0.1 });
const base = { model, optimizer, trainData };
${lines.join("\n")}
`);

it("one line names the loss, the noise and what fits", async () => {
  const errors = await errorsOf([
    "new Trainer({ ...base, physics: poisson, losses: sure });",
    "new Trainer({ ...base, physics: gaussian, losses: [sup, { loss: counts, weight: 2 }] });",
    "new Trainer({ ...base, physics: masked, losses: new loss.Neighbor2Neighbor() });",
    "new Trainer({ ...base, physics: stacked, losses: sure });",
    "new Trainer({ ...base, physics: gaussian, losses: sup, trainData: folder });",
    "new Trainer({ ...base, physics: gaussian, losses: new loss.Noise2NoiseLoss(), trainData: folder });",
    "new Trainer({ ...base, physics: gaussian, losses: [r2r, new loss.SplittingLoss()] });",
    "new Trainer({ ...base, physics: gaussian, losses: r2r, model: new loss.SplittingLoss().adaptModel(model) });",
    "new AdversarialTrainer({ ...base, D, optimizerD: optimizer, physics: poisson, losses: sup, lossesD: sure });",
  ]);
  // Nothing but the line itself: no nested explanation.
  for (const error of errors) expect(error).not.toContain("\n");
  const texts = errors.map((error) => /to type '"(.*)"'\.$/.exec(error)?.[1]);
  expect(texts).toEqual([
    "SureGaussianLoss assumes gaussian noise, but the physics has poisson noise; losses that fit: SurePoissonLoss, " +
      "R2RLoss, SplittingLoss, MCLoss, EILoss, SupLoss",
    "SurePoissonLoss assumes poisson noise, but the physics has gaussian noise; losses that fit: SureGaussianLoss, " +
      "R2RLoss, SplittingLoss, MCLoss, EILoss, SupLoss",
    "Neighbor2Neighbor assumes the operator denoising, but the physics is inpainting; losses that fit: " +
      "SureGaussianLoss, R2RLoss, SplittingLoss, MCLoss, EILoss, SupLoss",
    "SureGaussianLoss takes one operator, but the physics is a stack: give each operator its own loss in a " +
      "StackedPhysicsLoss; losses that fit: StackedPhysicsLoss, SupLoss",
    "SupLoss compares with ground truth, but trainData has none: give samples { x, y }, or another loss",
    "Noise2NoiseLoss compares with a second noisy image x, but trainData has none: give samples { x, y }, or another " +
      "loss",
    "two of the losses each need a model adapted to them alone: train with one of them",
    "R2RLoss needs a model adapted to it, but this one is adapted to SplittingLoss: give the network itself",
    "SureGaussianLoss assumes gaussian noise, but the physics has poisson noise; losses that fit: SurePoissonLoss, " +
      "R2RLoss, SplittingLoss, MCLoss, EILoss, SupLoss",
  ]);
});
