import { DataLoader, type LoaderState } from "../data/index.js";
import type { LossArgs } from "../loss/index.js";
import { type Metric, PSNR } from "../metric/index.js";
import { Rng } from "../random/index.js";
import { ArgumentError } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { DEFAULT_BASELINES } from "./baselines.js";
import type { Evaluated } from "./criterion.js";
import { type EvaluationRun, Stopped } from "./each-batch.js";
import { evaluate, evaluateOver, type TestResult } from "./evaluate.js";
import { type EvaluatedLosses, evaluateLosses } from "./evaluate-losses.js";
import type { HistoryEntry } from "./history.js";
import { entryOf, list } from "./matched.js";
import { contentOf } from "./measured-once.js";
import type { AnyPhysics, Examples, TrainerOptions } from "./options.js";
import { Pictures } from "./pictures.js";
import type { Ranks } from "./ranks.js";
import type { Source } from "./training-data.js";

/** The time of an evaluation and what it needs. */
export interface EvaluationContext {
  readonly step: number;
  /** Epochs finished. */
  readonly epoch: number;
  /** Number of the epoch of the last step, for the losses. */
  readonly lossEpoch: number;
  /** State of the stream of all draws: each evaluation has the same. */
  readonly rng: string;
  /** Further arguments of the losses. */
  readonly more: Partial<LossArgs>;
  /** Aborting it ends the evaluation after the current batch. */
  readonly signal: AbortSignal | undefined;
}

/** One data set of the evaluation. */
interface EvaluationPart {
  readonly data: Examples;
  readonly source: Source;
  readonly metrics: boolean;
  readonly losses: boolean;
}

/** Evaluations on `evalData` during a training: metrics where there is ground truth, losses where there is none. */
export class Evaluation {
  readonly metrics: readonly Metric[];
  /** The first image of the evaluation data over the training. */
  readonly pictures = new Pictures();
  readonly #options: TrainerOptions;
  readonly #sources: readonly Source[];
  readonly #ranks: Ranks;
  #parts: readonly EvaluationPart[] = [];

  constructor(options: TrainerOptions, sources: readonly Source[], ranks: Ranks) {
    this.#options = options;
    this.#sources = sources;
    this.#ranks = ranks;
    this.metrics = options.metrics ?? [new PSNR()];
  }

  /** Measures the model on data with ground truth: the metrics of the reconstruction, measurement and baselines. */
  async test(data: Examples, rng: Rng): Promise<TestResult> {
    const { model, physics, baselines = DEFAULT_BASELINES, physicsGenerator } = this.#options;
    const [generator] = list(physicsGenerator);
    return await evaluate({
      model: this.#sources[0]?.model ?? model,
      physics: list(physics)[0] as AnyPhysics,
      ...(generator ? { physicsGenerator: generator } : {}),
      data,
      metrics: this.metrics,
      baselines,
      rng,
    });
  }

  /**
   * Looks at the evaluation data.
   *
   * @returns what is measured on it.
   * @throws ArgumentError `missing_argument` where nothing can be.
   */
  async prepare(): Promise<Evaluated> {
    const { evalData, evalLosses } = this.#options;
    const entries = list(evalData);
    this.#parts = await Promise.all(
      entries.map(async (data, i) => {
        const { x } = await contentOf(data instanceof DataLoader ? data.dataset : data, "evalData");
        const metrics = x && this.metrics.length > 0;
        return { data, source: this.#sources[i] as Source, metrics, losses: evalLosses ?? !metrics };
      }),
    );
    if (this.#parts.some(({ metrics, losses }) => !metrics && !losses)) {
      throw new ArgumentError(
        "Trainer: evalData has no ground truth for the metrics and evalLosses is false: nothing would be evaluated; " +
          "leave evalLosses out.",
        "missing_argument",
      );
    }
    return {
      metrics: this.#parts.some(({ metrics }) => metrics) ? this.metrics : [],
      losses: [...new Set(this.#parts.filter(({ losses }) => losses).flatMap(({ source }) => source.names))],
    };
  }

  /** Whether there is an evaluation after a step; the last epoch is always evaluated. */
  isDue(step: number, epoch: number, epochEnds: boolean): boolean {
    const { evalData, evalEvery = 1, epochs = 1 } = this.#options;
    if (!evalData) return false;
    if (epochEnds && epoch === epochs) return true;
    if (typeof evalEvery !== "number") return step % evalEvery.steps === 0;
    return epochEnds && epoch % evalEvery === 0;
  }

  /** Evaluates the model as it is, on all ranks; `undefined` where it was aborted on one. */
  async run(context: EvaluationContext): Promise<HistoryEntry | undefined> {
    const loaders = this.#parts.flatMap(({ data }) => (data instanceof DataLoader ? [data] : []));
    const before = loaders.map((loader) => loader.state());
    try {
      return await this.#run(context);
    } catch (error) {
      // So that the next evaluation begins with the first batch.
      for (const [i, loader] of loaders.entries()) await loader.loadState(before[i] as LoaderState);
      if (error instanceof Stopped) return undefined;
      throw error;
    }
  }

  async #run({ step, epoch, lossEpoch, rng, more, signal }: EvaluationContext): Promise<HistoryEntry> {
    const results: TestResult[] = [];
    const losses: EvaluatedLosses[] = [];
    const run: EvaluationRun = { ranks: this.#ranks, stop: () => signal?.aborted ?? false };
    let first = this.#ranks.first;
    const onBatch = async (images: { x?: Tensor; y: Tensor; xNet: Tensor }): Promise<void> => {
      if (first) await this.pictures.take(step, images);
      first = false;
    };
    for (const [i, { data, source, ...wanted }] of this.#parts.entries()) {
      const physicsGenerator = entryOf(this.#options.physicsGenerator, i);
      const { model, physics } = source;
      const generator = physicsGenerator ? { physicsGenerator } : {};
      if (wanted.metrics) {
        const { metrics } = this;
        const options = { model, physics, ...generator, data, metrics, rng: Rng.from(rng), onBatch };
        results.push(await evaluateOver(options, run));
      }
      if (wanted.losses) {
        const options = { source, ...generator, data, epoch: lossEpoch, more, rng: Rng.from(rng), onBatch };
        losses.push(await evaluateLosses(options, run));
      }
    }
    return {
      step,
      epoch,
      ...(results.length > 0 ? { evalMetrics: this.#meansOf(results) } : {}),
      ...(losses.length > 0 ? meansOfLosses(losses) : {}),
    };
  }

  /** The mean of each metric over the images of all data sets that it is defined for. */
  #meansOf(results: readonly TestResult[]): Record<string, number> {
    const means = this.metrics.map(({ name }) => {
      const parts = results.flatMap(({ metrics }) => {
        const { mean = Number.NaN, values = [], leftOut = 0 } = metrics[name] ?? {};
        return values.length > leftOut ? [{ mean, images: values.length - leftOut }] : [];
      });
      const images = parts.reduce((sum, part) => sum + part.images, 0);
      return [name, parts.reduce((sum, part) => sum + part.mean * part.images, 0) / images] as const;
    });
    return Object.fromEntries(means);
  }
}

/** Means over the images of all data sets; of each loss over those that it was evaluated on. */
function meansOfLosses(all: readonly EvaluatedLosses[]): Pick<HistoryEntry, "evalLoss" | "evalLosses"> {
  const mean = (pick: (part: EvaluatedLosses) => number | undefined): number => {
    const parts = all.filter((part) => pick(part) !== undefined);
    const images = parts.reduce((sum, part) => sum + part.images, 0);
    return parts.reduce((sum, part) => sum + part.images * (pick(part) as number), 0) / images;
  };
  const names = [...new Set(all.flatMap(({ losses }) => Object.keys(losses)))];
  return {
    evalLoss: mean(({ total }) => total),
    evalLosses: Object.fromEntries(names.map((name) => [name, mean(({ losses }) => losses[name])])),
  };
}
