import { DataCheck, DataLoader, disposeSample, type Measurement } from "../data/index.js";
import type { LossArgs } from "../loss/index.js";
import type { Reconstructor } from "../nn/index.js";
import type { PhysicsGenerator } from "../physics/index.js";
import { TensorList } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { stack, type Tensor, tidy } from "../tensor/index.js";
import type { Examples } from "./options.js";
import { batchLoss, imagesOf } from "./step.js";
import type { Source } from "./training-data.js";

/** Means of the losses over a set of images. */
export interface EvaluatedLosses {
  /** The weighted sum. */
  readonly total: number;
  /** Each loss, unweighted. */
  readonly losses: Readonly<Record<string, number>>;
  readonly images: number;
}

/** Options of {@link evaluateLosses}. */
export interface EvaluateLossesOptions {
  readonly source: Source;
  readonly physicsGenerator?: PhysicsGenerator | undefined;
  readonly data: Examples;
  readonly epoch: number;
  /** Further arguments of the losses. */
  readonly more?: Partial<LossArgs>;
  /** Random stream of all draws: the same stream gives the same values. */
  readonly rng: RandomSource;
  readonly onBatch?: (images: { x?: Tensor; y: Tensor; xNet: Tensor }) => Promise<void>;
}

/**
 * Evaluates losses on data, with or without ground truth.
 *
 * The network is in evaluation mode. A model that a loss has adapted still changes its input as in training, where the
 * loss is defined. What losses learn or count (a noise level, passes) is restored afterwards.
 */
export async function evaluateLosses(options: EvaluateLossesOptions): Promise<EvaluatedLosses> {
  const { source, data, rng } = options;
  const loader = data instanceof DataLoader ? data : new DataLoader({ dataset: data, rng });
  const check = new DataCheck(loader.dataset);
  const states = source.losses.map(({ loss }) => loss.stateDict());
  const training = source.model.training;
  source.model.eval();
  adaptedInTraining(source.model);
  const sums = new Array<number>(1 + source.losses.length).fill(0);
  let images = 0;
  try {
    for await (const batch of loader) {
      const made: Tensor[] = [];
      try {
        check.add(batch, loader.indices);
        await check.read();
        made.push(...lossesOn(batch, options));
        const [values, xNet, y] = made as [Tensor, Tensor, Tensor];
        const count = imagesOf(batch);
        for (const [i, value] of (await values.data()).entries()) sums[i] = (sums[i] ?? 0) + count * value;
        images += count;
        await options.onBatch?.({ ...(batch.x ? { x: batch.x } : {}), y, xNet });
      } finally {
        for (const value of made) value.dispose();
        disposeSample(batch);
      }
    }
  } finally {
    check.dispose();
    source.model.train(training);
    for (const [i, { loss }] of source.losses.entries()) {
      const state = states[i] as Record<string, Tensor>;
      loss.loadStateDict(state);
      for (const value of Object.values(state)) value.dispose();
    }
  }
  const [total = Number.NaN, ...losses] = sums.map((sum) => sum / images);
  return { total, losses: Object.fromEntries(source.names.map((name, i) => [name, losses[i] as number])), images };
}

/** The values of total and losses, the reconstruction and the (first) measurement. */
function lossesOn(
  batch: { x?: Tensor; y?: Measurement; params?: Record<string, Tensor> },
  { source, physicsGenerator, epoch, rng, more }: EvaluateLossesOptions,
): Tensor[] {
  return tidy(() => {
    const { total, values, args } = batchLoss(batch, { ...source, physicsGenerator }, { rng, epoch }, more);
    const y = args.y instanceof TensorList ? args.y.at(0) : (args.y as Tensor);
    const detached = [total, ...values].map((value) => value.detach());
    return [stack(detached, 0), args.xNet.detach(), y.detach()];
  });
}

/** Puts the models that losses adapted into training mode, but not the network inside. */
function adaptedInTraining(model: Reconstructor): void {
  const { adaptedBy, model: inner } = model as Reconstructor & { adaptedBy?: string; model?: Reconstructor };
  if (adaptedBy === undefined) return;
  model.training = true;
  if (inner) adaptedInTraining(inner);
}
