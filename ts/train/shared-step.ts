import { type Group, TreeSum } from "../distributed/index.js";
import { Rng, seedValue } from "../random/index.js";
import { cat, noGrad, type Tensor, tensor, tidy } from "../tensor/index.js";
import type { PlacedReport } from "./loss-log.js";
import { MicroBatch } from "./micro-batch.js";
import type { TrainerOptions } from "./options.js";
import { refuseState } from "./options-of-rank.js";
import type { StepDone } from "./own-step.js";
import type { Ranks } from "./ranks.js";
import { clipGradients, type StepContext } from "./step.js";
import type { StepPlan } from "./step-plan.js";
import { onSyncedPasses } from "./synced-norms.js";
import type { TrainingData } from "./training-data.js";

/** Values behind gradients and buffers: the numbers of images, of micro-batches, and of ranks that are to stop. */
const COUNTS = 3;

/** What the descents of a step share. */
interface SharedStep {
  readonly plan: StepPlan;
  readonly context: StepContext;
  readonly buffers: readonly Tensor[];
  /** The micro-batches of this rank, once they are loaded; `undefined` where the epoch has none left. */
  readonly own: (MicroBatch | undefined)[];
  readonly reports: PlacedReport[];
}

/**
 * The steps of a training whose micro-batches are shared out among ranks.
 *
 * A step takes M micro-batches, a power of two. Rank r of n has those from `r M / n` to before `(r + 1) M / n`. In each
 * descent all begin with the same weights and buffers, and each draws from a stream of its own; the sums over
 * micro-batches are those of a binary tree with M leaves, a missing one being zero. So the result does not depend on
 * the number of ranks.
 */
export class SharedSteps {
  readonly #group: Group;
  readonly #ranks: Ranks;
  readonly #data: TrainingData;
  readonly #microBatches: number;
  /** Whether batch norms take the statistics of all micro-batches of a step together. */
  readonly #synced: boolean;

  constructor(
    group: Group,
    ranks: Ranks,
    data: TrainingData,
    { accumulate: microBatches = 1, syncBatchNorm = false }: Pick<TrainerOptions, "accumulate" | "syncBatchNorm">,
  ) {
    this.#group = group;
    this.#ranks = ranks;
    this.#data = data;
    this.#microBatches = microBatches;
    this.#synced = syncBatchNorm;
  }

  /** One step; `undefined` where the epoch has no batch left. */
  async step(context: StepContext, plan: StepPlan, signal: AbortSignal | undefined): Promise<StepDone | undefined> {
    if (this.#data.atEnd) return undefined;
    const seed = seedValue(context.rng);
    // Running statistics and the like: a descent moves them to the mean over the micro-batches.
    const step: SharedStep = { plan, context, buffers: plan.buffers(), own: [], reports: [] };
    let stepImages = 0;
    try {
      for (const [descent, { optimizer, after }] of plan.descents.entries()) {
        const sum = this.#synced
          ? await this.#syncedSum(descent, seed, step)
          : await this.#ranks.agreed(async () => await this.#ownSum(descent, seed, step));
        sum[sum.length - 1] = signal?.aborted ? 1 : 0;
        await this.#group.allReduce(sum);
        const [images = 0, batches = 0, stopping = 0] = sum.subarray(-COUNTS);
        noGrad(() =>
          tidy(() => {
            const next = means(sum);
            const gradients = optimizer.parameters.map((parameter) => next(parameter, images));
            optimizer.step(clipGradients(gradients, context.gradClip));
            for (const buffer of step.buffers) buffer.assign_(next(buffer, batches));
          }),
        );
        after?.();
        if (stopping > 0) this.#ranks.interrupt();
        stepImages = images;
      }
      if (step.reports.length === 0) for (const batch of step.own) if (batch) step.reports.push(batch.report());
      return { reports: step.reports, images: stepImages };
    } catch (error) {
      for (const { report } of step.reports) report.values.dispose();
      throw error;
    } finally {
      for (const batch of step.own) batch?.dispose();
    }
  }

  /** Adds the gradients of the micro-batches of this rank. */
  async #ownSum(descent: number, seed: number, step: SharedStep): Promise<Float32Array> {
    const { plan, buffers, own } = step;
    const length = lengthOf(step, descent);
    const before = noGrad(() => buffers.map((buffer) => buffer.clone()));
    const tree = new TreeSum();
    // Batches of several descents are held through all of them; those of a single one, one at a time.
    const isOnly = plan.descents.length === 1;
    try {
      for await (const batch of descent === 0 ? this.#load(seed, step) : own) {
        const values = new Float32Array(length);
        if (batch) {
          noGrad(() => buffers.forEach((buffer, i) => buffer.assign_((before[i] as Tensor).clone())));
          const flat = batch.gradients(descent, (gradients) => {
            const weighted = gradients.map((gradient) => gradient.detach().mul(batch.images));
            return noGrad(() => flattened([...weighted, ...buffers]));
          });
          values.set(await flat.data());
          flat.dispose();
          values.set([batch.images, 1], length - COUNTS);
        }
        tree.add(values);
        if (!isOnly) continue;
        if (batch) step.reports.push(batch.report());
        batch?.dispose();
        own.length = 0;
      }
      this.#refuseState(plan);
      return tree.sum;
    } finally {
      for (const value of before) value.dispose();
    }
  }

  /** Adds the gradients of the micro-batches of this rank, with batch norms over those of all ranks. */
  async #syncedSum(descent: number, seed: number, step: SharedStep): Promise<Float32Array> {
    const { plan, buffers, own } = step;
    if (descent === 0) await this.#ranks.agreed(async () => await this.#loadAll(seed, step));
    const length = lengthOf(step, descent);
    const tree = new TreeSum();
    const synced = { group: this.#group, ranks: this.#ranks, modules: plan.modules(), buffers };
    await onSyncedPasses(own, descent, synced, async (pass, batch) => {
      const values = new Float32Array(length);
      if (pass && batch) {
        const flat = noGrad(() => tidy(() => flattened([...pass.gradients, ...pass.buffers])));
        values.set(await flat.data());
        flat.dispose();
        values.set([batch.images, 1], length - COUNTS);
      }
      tree.add(values);
    });
    await this.#ranks.agreed(() => this.#refuseState(plan));
    return tree.sum;
  }

  async #loadAll(seed: number, step: SharedStep): Promise<void> {
    for await (const _ of this.#load(seed, step));
  }

  /** What a loss learns may begin with its first batch. */
  #refuseState({ losses }: StepPlan): void {
    refuseState([...this.#data.sources.flatMap((source) => source.losses), ...losses]);
  }

  /** Takes the micro-batches of this rank one after another, and passes over those of the others. */
  async *#load(seed: number, { plan, context, own }: SharedStep): AsyncGenerator<MicroBatch | undefined> {
    const share = this.#microBatches / this.#group.size;
    for (let place = 0; place < this.#microBatches; place++) {
      if (Math.floor(place / share) !== this.#group.rank) {
        this.#data.skip();
        continue;
      }
      const rng = Rng.ofIndex(seed, place);
      // Of a step the batches of this rank follow each other; those of the other ranks lie between two steps.
      const ahead = (place + 1) % share === 0 ? this.#microBatches - share + 1 : 1;
      const sourced = await this.#data.next(rng.fork(), ahead);
      const batch = sourced && new MicroBatch(place, sourced, plan, { ...context, rng });
      own.push(batch);
      yield batch;
    }
  }
}

/** Values that the ranks exchange in a descent. */
function lengthOf({ plan, buffers }: SharedStep, descent: number): number {
  const { parameters } = (plan.descents[descent] as StepPlan["descents"][number]).optimizer;
  return [...parameters, ...buffers].reduce((sum, { size }) => sum + size, COUNTS);
}

/** All values of some tensors, one after another. */
function flattened(tensors: readonly Tensor[]): Tensor {
  return cat(
    tensors.map((value) => value.detach().reshape([value.size])),
    0,
  );
}

/** Takes the values of one tensor after another from their sums, divided by a count. */
function means(sum: Float32Array): (like: Tensor, count: number) => Tensor {
  let at = 0;
  return (like, count) => {
    const mean = sum.subarray(at, (at += like.size)).map((value) => value / count);
    return tensor(mean, { shape: [...like.shape], device: like.device });
  };
}
