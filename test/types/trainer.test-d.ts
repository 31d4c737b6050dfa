import { it } from "vitest";
import { DataLoader, type MeasuredDataset, type MeasurementFolder } from "../../ts/data/index.js";
import { PatchDataset, TensorDataset } from "../../ts/data/index.js";
import {
  type Loss,
  MCLoss,
  Neighbor2Neighbor,
  Noise2NoiseLoss,
  Noise2SelfLoss,
  Noise2VoidLoss,
  R2RLoss,
  RandomLossScheduler,
  SplittingLoss,
  StackedPhysicsLoss,
  SupLoss,
  SureGaussianLoss,
  SurePoissonLoss,
} from "../../ts/loss/index.js";
import type { Metric } from "../../ts/metric/index.js";
import type { Layer, Reconstructor } from "../../ts/nn/index.js";
import type { Optimizer } from "../../ts/optim/index.js";
import type { Denoising, Inpainting, PhysicsGenerator, StackedPhysics, TensorList } from "../../ts/physics/index.js";
import type { GaussianNoise, Physics, PoissonNoise } from "../../ts/physics/index.js";
import type { Tensor } from "../../ts/tensor/index.js";
import { AdversarialTrainer, Trainer, type TrainerOptions } from "../../ts/train/index.js";

declare const model: Reconstructor;
declare const [denoising, inpainting, stacked]: [Denoising, Inpainting, StackedPhysics];
declare const [loss, metric, optimizer, generator]: [Loss, Metric, Optimizer, PhysicsGenerator];
declare const [data, loader, tensor]: [TensorDataset, DataLoader, Tensor];
declare const D: Layer;
declare const lists: MeasuredDataset<StackedPhysics>;

const accepts = (_options: TrainerOptions): void => {};
const base = { model, physics: denoising, losses: loss, optimizer, trainData: data };

/** Never called: the compiler is the test. */
export function options(): void {
  accepts(base);
  accepts({ ...base, trainData: [data, loader], physics: [denoising, inpainting], physicsGenerator: generator });
  accepts({ ...base, losses: [[loss], [loss, { loss, weight: 2 }]], evalData: [loader, data] });
  accepts({ ...base, physics: stacked, trainData: lists });
  accepts({ ...base, baselines: { inverse: (y, physics) => y.mul(physics.operator === "denoising" ? 1 : 2) } });
  accepts({ ...base, evalEvery: { steps: 5 }, best: { loss: "total", restore: false }, ema: { decay: 0.9 } });
  accepts({ ...base, loggers: [{ scalars: (step, values) => void [step, values["train/loss"]] }] });
  accepts({ ...base, onProgress: async ({ loss: value }) => value });

  // @ts-expect-error a tensor is no data set
  accepts({ ...base, trainData: tensor });
  // @ts-expect-error a name is no optimiser
  accepts({ ...base, optimizer: "Adam" });
  // @ts-expect-error a class is no loss
  accepts({ ...base, losses: Array });
  // @ts-expect-error a function is no model
  accepts({ ...base, model: (y: Tensor) => y });
  // @ts-expect-error metrics are a list
  accepts({ ...base, metrics: metric });
  // @ts-expect-error a path is no checkpoint
  accepts({ ...base, checkpoint: "checkpoint.safetensors" });
  // @ts-expect-error patience is missing
  accepts({ ...base, earlyStop: {} });
  // @ts-expect-error the option is called minDelta
  accepts({ ...base, earlyStop: { patience: 3, delta: 1 } });
  // @ts-expect-error a number is no average
  accepts({ ...base, ema: 0.9 });
  // @ts-expect-error steps are missing
  accepts({ ...base, evalEvery: { epochs: 3 } });
}

declare const gaussian: Denoising<GaussianNoise>;
declare const poisson: Denoising<PoissonNoise>;
declare const masked: Inpainting<GaussianNoise>;
declare const general: Physics;
declare const folder: MeasurementFolder;
declare const pairs: TensorDataset<{ x: Tensor; y: Tensor }>;

/** A dataset of one's own. */
declare class Own<S> {
  readonly length: number;
  get(index: number): Promise<S>;
}

/** Never called: losses, physics, data and model that belong together, and those that do not. */
export function pairing(): void {
  const [sup, mc, r2r] = [new SupLoss(), new MCLoss(), new R2RLoss()];
  const [sure, counts] = [new SureGaussianLoss({ sigma: 0.1 }), new SurePoissonLoss({ gain: 0.1 })];
  const fits = { model, optimizer, trainData: data };

  new Trainer({ ...fits, physics: gaussian, losses: sure });
  new Trainer({ ...fits, physics: poisson, losses: [counts, { loss: mc, weight: 0.1 }] });
  new Trainer({ ...fits, physics: [gaussian, masked], losses: [r2r, mc] });
  new Trainer({ ...fits, physics: [gaussian, poisson], losses: [[sure], [counts, { loss: mc, weight: 2 }]] });
  new Trainer({ ...fits, physics: gaussian, losses: r2r, model: r2r.adaptModel(model) });
  new Trainer({ ...fits, physics: gaussian, losses: new RandomLossScheduler({ losses: [sup, [sure, mc]] }) });
  new Trainer({ ...fits, physics: stacked, losses: new StackedPhysicsLoss({ losses: [sure, counts] }) });
  // What the types do not tell is left to the checks at run time.
  new Trainer({ ...fits, physics: general, losses: sure });
  new Trainer({ ...fits, physics: poisson, losses: loss });
  new Trainer({ ...fits, physics: gaussian, losses: sup, trainData: [pairs, loader] });
  new Trainer({ ...fits, physics: gaussian, losses: sup, trainData: new DataLoader({ dataset: pairs, batchSize: 2 }) });
  new Trainer({ ...fits, physics: gaussian, losses: sure, trainData: folder });
  const held: Trainer = new Trainer({ ...fits, physics: gaussian, losses: sure });
  void held;

  // @ts-expect-error Poisson noise
  new Trainer({ ...fits, physics: poisson, losses: sure });
  // @ts-expect-error one of two
  new Trainer({ ...fits, physics: poisson, losses: [mc, sure] });
  // @ts-expect-error one with a weight
  new Trainer({ ...fits, physics: poisson, losses: [{ loss: sure, weight: 1 }] });
  // @ts-expect-error the second physics
  new Trainer({ ...fits, physics: [gaussian, poisson], losses: sure });
  // @ts-expect-error the lists are in another order
  new Trainer({ ...fits, physics: [gaussian, poisson], losses: [[counts], [sure]] });
  // @ts-expect-error one inside a scheduler
  new Trainer({ ...fits, physics: poisson, losses: new RandomLossScheduler({ losses: [mc, [sup, sure]] }) });
  // @ts-expect-error a stack
  new Trainer({ ...fits, physics: stacked, losses: mc });
  // @ts-expect-error no stack
  new Trainer({ ...fits, physics: gaussian, losses: new StackedPhysicsLoss({ losses: [sure] }) });
  // @ts-expect-error masked images have no neighbours
  new Trainer({ ...fits, physics: masked, losses: new Neighbor2Neighbor() });
  // @ts-expect-error measurements alone
  new Trainer({ ...fits, physics: gaussian, losses: sup, trainData: folder });
  new Trainer({ ...fits, physics: gaussian, losses: new Noise2NoiseLoss() });
  // @ts-expect-error one noisy image of each
  new Trainer({ ...fits, physics: gaussian, losses: new Noise2NoiseLoss(), trainData: folder });
  // @ts-expect-error masked images are no noisy images
  new Trainer({ ...fits, physics: masked, losses: new Noise2NoiseLoss() });
  const patches = new DataLoader({ dataset: new PatchDataset({ dataset: folder, size: 8 }) });
  // @ts-expect-error patches of measurements alone, in batches
  new Trainer({ ...fits, physics: gaussian, losses: sup, trainData: patches });
  // @ts-expect-error tensors without x
  new Trainer({ ...fits, physics: gaussian, losses: [sure, sup], trainData: new TensorDataset({ y: tensor }) });
  // Datasets of one's own, whose samples have no `x` at all.
  new Trainer({ ...fits, physics: gaussian, losses: sure, trainData: { length: 2, get: () => ({ y: tensor }) } });
  new Trainer({ ...fits, physics: gaussian, losses: sup, trainData: { length: 2, get: () => ({ x: tensor }) } });
  new Trainer({ ...fits, physics: gaussian, losses: sup, trainData: new Own<{ x?: Tensor; y: Tensor }>() });
  // @ts-expect-error measurements alone
  new Trainer({ ...fits, physics: gaussian, losses: sup, trainData: { length: 2, get: () => ({ y: tensor }) } });
  // @ts-expect-error measurements alone, in a class
  new Trainer({ ...fits, physics: gaussian, losses: [sure, sup], trainData: new Own<{ y: Tensor }>() });
  // @ts-expect-error each needs the model for itself
  new Trainer({ ...fits, physics: gaussian, losses: [r2r, new SplittingLoss()] });
  new Trainer({ ...fits, physics: gaussian, losses: new Noise2VoidLoss(), trainData: folder });
  // @ts-expect-error masked images have no spots to hide
  new Trainer({ ...fits, physics: masked, losses: new Noise2VoidLoss() });
  // @ts-expect-error each needs the model for itself
  new Trainer({ ...fits, physics: gaussian, losses: [new Noise2SelfLoss(), new Noise2VoidLoss()] });
  // @ts-expect-error adapted to another loss
  new Trainer({ ...fits, physics: gaussian, losses: new SplittingLoss(), model: r2r.adaptModel(model) });

  const adversarial = { ...fits, D, optimizerD: optimizer, physics: poisson };
  new AdversarialTrainer({ ...adversarial, losses: [sup, counts], lossesD: mc });
  // @ts-expect-error a loss of the generator
  new AdversarialTrainer({ ...adversarial, losses: [sup, sure], lossesD: mc });
  // @ts-expect-error a loss of the discriminator
  new AdversarialTrainer({ ...adversarial, losses: sup, lossesD: [mc, sure] });
}

/** What a data set of measurements gives. */
export async function samples(): Promise<[Tensor | undefined, TensorList | undefined]> {
  const measured: MeasuredDataset<Denoising> = undefined as never;
  return [(await measured.get(0)).y, (await lists.get(0)).y];
}

it("compiles", () => {});
