import { type Group, TreeSum } from "../distributed/index.js";
import { disposeSample } from "../data/index.js";
import { Rng, seedValue } from "../random/index.js";
import { cat, noGrad, type Tensor, tensor, tidy } from "../tensor/index.js";
import type { PlacedReport } from "./loss-log.js";
import type { TrainerOptions, WeightedLoss } from "./options.js";
import { refuseState } from "./options-of-rank.js";
import type { StepDone } from "./own-step.js";
import type { Ranks } from "./ranks.js";
import { batchGradients, clipGradients, imagesOf, type StepContext } from "./step.js";
import type { SourcedBatch, TrainingData } from "./training-data.js";
import { buffersOf } from "./weights.js";

/** What all micro-batches of a step are added to. */
interface MicroBatch {
  readonly place: number;
  readonly rng: Rng;
  readonly batch: SourcedBatch;
}

/** Values behind gradients and buffers: the numbers of images, of micro-batches, and of ranks that are to stop. */
const COUNTS = 3;

/**
 * The steps of a training whose micro-batches are shared out among ranks.
 *
 * A step takes M micro-batches, a power of two. Rank r of n has those from `r M / n` to before `(r + 1) M / n`. Each
 * begins with the same weights and buffers, and draws from a stream of its own; the sums over micro-batches are those
 * of a binary tree with M leaves, a missing one being zero. So the result does not depend on the number of ranks.
 */
export class SharedSteps {
  readonly #group: Group;
  readonly #ranks: Ranks;
  readonly #data: TrainingData;
  readonly #microBatches: number;
  readonly #losses: readonly WeightedLoss[];
  readonly #parameters: readonly Tensor[];
  /** Running statistics; a step moves them to the mean over its micro-batches. */
  readonly #buffers: readonly Tensor[];

  constructor(
    group: Group,
    ranks: Ranks,
    data: TrainingData,
    { accumulate = 1, optimizer, model }: Pick<TrainerOptions, "accumulate" | "optimizer" | "model">,
  ) {
    this.#group = group;
    this.#ranks = ranks;
    this.#data = data;
    this.#microBatches = accumulate;
    this.#losses = data.sources.flatMap(({ losses }) => losses);
    this.#parameters = optimizer.parameters;
    this.#buffers = buffersOf(model);
  }

  /** One step; `undefined` where the epoch has no batch left. */
  async step(context: StepContext, signal: AbortSignal | undefined): Promise<StepDone | undefined> {
    if (this.#data.atEnd) return undefined;
    const seed = seedValue(context.rng);
    const { sum, reports } = await this.#ranks.agreed(async () => await this.#ownSum(seed, context));
    sum[sum.length - 1] = signal?.aborted ? 1 : 0;
    await this.#group.allReduce(sum);
    const [images = 0, batches = 0, stopping = 0] = sum.subarray(-COUNTS);
    this.#apply(sum, images, batches, context);
    if (stopping > 0) this.#ranks.interrupt();
    return { reports, images };
  }

  /** Adds the gradients of the micro-batches of this rank. */
  async #ownSum(seed: number, context: StepContext): Promise<{ sum: Float32Array; reports: PlacedReport[] }> {
    const before = noGrad(() => this.#buffers.map((buffer) => buffer.clone()));
    const tree = new TreeSum();
    const reports: PlacedReport[] = [];
    const share = this.#microBatches / this.#group.size;
    try {
      for (let place = 0; place < this.#microBatches; place++) {
        if (Math.floor(place / share) !== this.#group.rank) {
          this.#data.skip();
          continue;
        }
        const rng = Rng.ofIndex(seed, place);
        const batch = await this.#data.next(rng.fork());
        const values = new Float32Array(this.#length);
        if (batch) reports.push(await this.#fill(values, { place, rng, batch }, before, context));
        tree.add(values);
      }
      // What a loss learns may begin with its first batch.
      refuseState(this.#losses);
      return { sum: tree.sum, reports };
    } catch (error) {
      for (const { report } of reports) report.values.dispose();
      throw error;
    } finally {
      for (const value of before) value.dispose();
    }
  }

  /** Writes what one micro-batch adds to the sums; returns what it reports. */
  async #fill(
    values: Float32Array,
    { place, rng, batch: sourced }: MicroBatch,
    before: readonly Tensor[],
    context: StepContext,
  ): Promise<PlacedReport> {
    const { batch, source } = sourced;
    try {
      const images = imagesOf(batch);
      source.model.train();
      noGrad(() => this.#buffers.forEach((buffer, i) => buffer.assign_((before[i] as Tensor).clone())));
      const { flat, report } = tidy(() => {
        const { gradients, report: made } = batchGradients(sourced, { ...context, rng });
        const weighted = gradients.map((gradient) => gradient.detach().mul(images));
        return { flat: noGrad(() => flattened([...weighted, ...this.#buffers])), report: made };
      });
      values.set(await flat.data());
      flat.dispose();
      values.set([images, 1], values.length - COUNTS);
      return { place, report };
    } finally {
      disposeSample(batch);
    }
  }

  /** Moves weights by the mean gradients over all images, and buffers to their mean over the micro-batches. */
  #apply(sum: Float32Array, images: number, batches: number, { optimizer, gradClip }: StepContext): void {
    noGrad(() =>
      tidy(() => {
        let at = 0;
        const next = (like: Tensor, count: number): Tensor => {
          const mean = sum.subarray(at, (at += like.size)).map((value) => value / count);
          return tensor(mean, { shape: [...like.shape], device: like.device });
        };
        const gradients = this.#parameters.map((parameter) => next(parameter, images));
        optimizer.step(clipGradients(gradients, gradClip));
        for (const buffer of this.#buffers) buffer.assign_(next(buffer, batches));
      }),
    );
  }

  get #length(): number {
    return [...this.#parameters, ...this.#buffers].reduce((sum, { size }) => sum + size, COUNTS);
  }
}

/** All values of some tensors, one after another. */
function flattened(tensors: readonly Tensor[]): Tensor {
  return cat(
    tensors.map((value) => value.detach().reshape([value.size])),
    0,
  );
}
