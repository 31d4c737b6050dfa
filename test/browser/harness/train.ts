import { DataLoader, TensorDataset } from "../../../ts/data/index.js";
import { SureGaussianLoss } from "../../../ts/loss/index.js";
import { DnCNN } from "../../../ts/nn/index.js";
import { Adam, SGD } from "../../../ts/optim/index.js";
import { Denoising, GaussianNoise } from "../../../ts/physics/index.js";
import { Rng } from "../../../ts/random/index.js";
import { binding } from "../../../ts/runtime/index.js";
import { memory } from "../../../ts/tensor/index.js";
import { Trainer } from "../../../ts/train/index.js";

type Optimiser = "SGD" | "Adam";

function make(
  side: number,
  steps: number,
  features: number,
  optimiser: Optimiser,
  onProgress?: (step: number) => void,
) {
  const rng = new Rng(0);
  const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 4, nf: features, rng: rng.fork() });
  const images = rng.fork().uniform([8, 1, side, side]);
  const trainer = new Trainer({
    model,
    physics: new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) }),
    losses: new SureGaussianLoss({ sigma: 0.1 }),
    optimizer:
      optimiser === "SGD"
        ? new SGD(model.parameters(), { lr: 0.05, momentum: 0.9 })
        : new Adam(model.parameters(), { lr: 1e-2 }),
    trainData: new DataLoader({
      dataset: new TensorDataset({ x: images }),
      batchSize: 4,
      shuffle: true,
      rng: rng.fork(),
    }),
    epochs: steps,
    maxSteps: steps,
    rng,
    ...(onProgress ? { onProgress: ({ step }) => onProgress(step) } : {}),
  });
  return { trainer, model };
}

/** Trains with the Trainer; returns the reported losses and the final weights. */
export async function train(
  steps: number,
  optimiser: Optimiser,
): Promise<{ losses: number[]; weights: Record<string, number[]> }> {
  const { trainer, model } = make(16, steps, 8, optimiser);
  const history = await trainer.train();
  const weights: Record<string, number[]> = {};
  for (const [name, value] of Object.entries(model.stateDict())) weights[name] = Array.from(await value.data());
  return { losses: history.map(({ loss }) => loss as number), weights };
}

/** The number of live tensors, their bytes and the module's memory every ten steps of a training. */
export async function memoryOver(
  steps: number,
): Promise<{ step: number; tensors: number; bytes: number; heap: number }[]> {
  const seen: { step: number; tensors: number; bytes: number; heap: number }[] = [];
  const { trainer } = make(8, steps, 4, "Adam", (step) =>
    seen.push({ step, ...memory(), heap: binding().heapBytes?.() ?? 0 }),
  );
  await trainer.train();
  return seen;
}
