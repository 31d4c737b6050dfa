import { type Group, TreeSum } from "../distributed/index.js";
import { Rng, seedValue } from "../random/index.js";
import { noGrad, type Tensor, tensor, tidy } from "../tensor/index.js";
import type { PlacedReport } from "./loss-log.js";
import { DescentSum } from "./descent-sum.js";
import { MicroBatch } from "./micro-batch.js";
import type { TrainerOptions } from "./options.js";
import { refuseState } from "./options-of-rank.js";
import type { StepDone } from "./own-step.js";
import type { Ranks } from "./ranks.js";
import { clippedStep, type StepContext } from "./step.js";
import type { Descent, StepPlan } from "./step-plan.js";
import { COUNTS, flattened, SumLayout } from "./sum-layout.js";
import { onSyncedPasses } from "./synced-norms.js";
import type { TrainingData } from "./training-data.js";

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
  /** For each descent the order in which gradients became complete on the first rank. */
  readonly #orders: (readonly number[])[] = [];

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
        const { order } = this.#layoutOf(descent, step);
        const sum = this.#synced
          ? await this.#syncedSum(descent, seed, step, signal)
          : await this.#ownSum(descent, seed, step, signal);
        const [images = 0, batches = 0, stopping = 0] = sum.subarray(-COUNTS);
        noGrad(() =>
          tidy(() => {
            const next = means(sum);
            const gradients: Tensor[] = [];
            for (const position of order) gradients[position] = next(optimizer.parameters[position] as Tensor, images);
            clippedStep(optimizer, gradients, context);
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

  /**
   * Adds the gradients of all micro-batches. A rank that fails takes part in the exchange all the same, and says so in
   * the last of its values.
   */
  async #ownSum(
    descent: number,
    seed: number,
    step: SharedStep,
    signal: AbortSignal | undefined,
  ): Promise<Float32Array> {
    const { plan, buffers, own } = step;
    const layout = this.#layoutOf(descent, step);
    const count = this.#microBatches / this.#group.size;
    const overlapping = this.#overlaps(descent, step);
    const sum = new DescentSum(this.#group, layout, { descent, count, buffers, overlapping });
    // Batches of several descents are held through all of them; those of a single one, one at a time.
    const isOnly = plan.descents.length === 1;
    const attempt = await this.#ranks.attempted(async () => {
      const before = noGrad(() => buffers.map((buffer) => buffer.clone()));
      try {
        for await (const batch of descent === 0 ? this.#load(seed, step) : own) {
          if (batch) noGrad(() => buffers.forEach((buffer, i) => buffer.assign_((before[i] as Tensor).clone())));
          await sum.add(batch);
          if (!isOnly) continue;
          if (batch) step.reports.push(batch.report());
          batch?.dispose();
          own.length = 0;
        }
        this.#refuseState(plan);
      } finally {
        for (const value of before) value.dispose();
      }
    });
    const values = await sum.end({ stopping: signal?.aborted ?? false, failed: "error" in attempt });
    if ((values.at(-1) as number) > 0) await this.#ranks.settled(attempt);
    if (overlapping) this.#orders[descent] ??= await this.#orderOfFirst(sum.order ?? layout.order);
    return values;
  }

  /** Whether gradients cross the network during the backward pass: reading parts of it would interrupt a GPU. */
  #overlaps(descent: number, { plan }: SharedStep): boolean {
    const { parameters } = (plan.descents[descent] as Descent).optimizer;
    return (
      this.#group.size > 1 &&
      this.#group.partwiseSum !== undefined &&
      parameters.every(({ device }) => device === "cpu")
    );
  }

  /** The order of the first rank, which all take from now on: parts must be the same. */
  async #orderOfFirst(own: readonly number[]): Promise<number[]> {
    const bytes = await this.#group.broadcast(new Uint8Array(Uint32Array.from(own).buffer));
    return [...new Uint32Array(bytes.slice().buffer)];
  }

  /** Adds the gradients of the micro-batches of this rank, with batch norms over those of all ranks. */
  async #syncedSum(
    descent: number,
    seed: number,
    step: SharedStep,
    signal: AbortSignal | undefined,
  ): Promise<Float32Array> {
    const { plan, buffers, own } = step;
    if (descent === 0) await this.#ranks.agreed(async () => await this.#loadAll(seed, step));
    const { length, order } = this.#layoutOf(descent, step);
    const tree = new TreeSum();
    const synced = { group: this.#group, ranks: this.#ranks, modules: plan.modules(), buffers };
    await onSyncedPasses(own, descent, synced, async (pass, batch) => {
      const values = new Float32Array(length);
      if (pass && batch) {
        const flat = noGrad(() =>
          tidy(() => flattened([...order.map((position) => pass.gradients[position] as Tensor), ...pass.buffers])),
        );
        values.set(await flat.data());
        flat.dispose();
        values.set([batch.images, 1], length - COUNTS);
      }
      tree.add(values);
    });
    await this.#ranks.agreed(() => this.#refuseState(plan));
    const { sum } = tree;
    sum[length - 2] = signal?.aborted ? 1 : 0;
    await this.#group.allReduce(sum);
    return sum;
  }

  /** Gradients come from the last parameter to the first until their order is known. */
  #layoutOf(descent: number, { plan, buffers }: SharedStep): SumLayout {
    const { parameters } = (plan.descents[descent] as Descent).optimizer;
    const order = this.#orders[descent] ?? [...parameters.keys()].reverse();
    return new SumLayout(parameters, buffers, order);
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

/** Takes the values of one tensor after another from their sums, divided by a count. */
function means(sum: Float32Array): (like: Tensor, count: number) => Tensor {
  let at = 0;
  return (like, count) => {
    const mean = sum.subarray(at, (at += like.size)).map((value) => value / count);
    return tensor(mean, { shape: [...like.shape], device: like.device });
  };
}
