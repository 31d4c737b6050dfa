import type { Batch, Measurement } from "../data/index.js";
import type { LossArgs } from "../loss/index.js";
import type { Reconstructor } from "../nn/index.js";
import type { PhysicsGenerator } from "../physics/index.js";
import { TensorList } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { stack, type Tensor, tidy } from "../tensor/index.js";
import { type EvaluationRun, onEachBatch } from "./each-batch.js";
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
export async function evaluateLosses(options: EvaluateLossesOptions, run: EvaluationRun): Promise<EvaluatedLosses> {
  const { source } = options;
  const states = source.losses.map(({ loss }) => loss.stateDict());
  const training = source.model.training;
  source.model.eval();
  adaptedInTraining(source.model);
  try {
    const batches = await onEachBatch(options, run, async (batch, rng) => {
      const made = lossesOn(batch, { ...options, rng });
      try {
        const [values, xNet, y] = made as [Tensor, Tensor, Tensor];
        const read = [...(await values.data())];
        await options.onBatch?.({ ...(batch.x ? { x: batch.x } : {}), y, xNet });
        return { images: imagesOf(batch), values: read };
      } finally {
        for (const value of made) value.dispose();
      }
    });
    return meansOf(batches, source.names);
  } finally {
    source.model.train(training);
    for (const [i, { loss }] of source.losses.entries()) {
      const state = states[i] as Record<string, Tensor>;
      loss.loadStateDict(state);
      for (const value of Object.values(state)) value.dispose();
    }
  }
}

/** Means over all images of the total and of each loss, of which batches have the means over theirs. */
function meansOf(
  batches: readonly { readonly images: number; readonly values: readonly number[] }[],
  names: readonly string[],
): EvaluatedLosses {
  const sums = new Array<number>(1 + names.length).fill(0);
  let images = 0;
  for (const batch of batches) {
    for (const [i, value] of batch.values.entries()) sums[i] = (sums[i] ?? 0) + batch.images * value;
    images += batch.images;
  }
  const [total = Number.NaN, ...losses] = sums.map((sum) => sum / images);
  return { total, losses: Object.fromEntries(names.map((name, i) => [name, losses[i] as number])), images };
}

/** The values of total and losses, the reconstruction and the (first) measurement. */
function lossesOn(
  batch: Batch<Measurement>,
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
