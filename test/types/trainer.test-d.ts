import { it } from "vitest";
import type { DataLoader, MeasuredDataset, TensorDataset } from "../../ts/data/index.js";
import type { Loss } from "../../ts/loss/index.js";
import type { Metric } from "../../ts/metric/index.js";
import type { Reconstructor } from "../../ts/nn/index.js";
import type { Optimizer } from "../../ts/optim/index.js";
import type { Denoising, Inpainting, PhysicsGenerator, StackedPhysics, TensorList } from "../../ts/physics/index.js";
import type { Tensor } from "../../ts/tensor/index.js";
import type { TrainerOptions } from "../../ts/train/index.js";

declare const model: Reconstructor;
declare const [denoising, inpainting, stacked]: [Denoising, Inpainting, StackedPhysics];
declare const [loss, metric, optimizer, generator]: [Loss, Metric, Optimizer, PhysicsGenerator];
declare const [data, loader, tensor]: [TensorDataset, DataLoader, Tensor];
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

/** What a data set of measurements gives. */
export async function samples(): Promise<[Tensor | undefined, TensorList | undefined]> {
  const measured: MeasuredDataset<Denoising> = undefined as never;
  return [(await measured.get(0)).y, (await lists.get(0)).y];
}

it("compiles", () => {});
