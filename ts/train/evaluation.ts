import { DataLoader } from "../data/index.js";
import type { LossArgs } from "../loss/index.js";
import { type Metric, PSNR } from "../metric/index.js";
import { Rng } from "../random/index.js";
import { ArgumentError } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import type { Evaluated } from "./criterion.js";
import { evaluate, type TestResult } from "./evaluate.js";
import { type EvaluatedLosses, evaluateLosses } from "./evaluate-losses.js";
import type { HistoryEntry } from "./history.js";
import { entryOf, list } from "./matched.js";
import { contentOf } from "./measured-once.js";
import type { Examples, TrainerOptions } from "./options.js";
import { Pictures } from "./pictures.js";
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
  #parts: readonly EvaluationPart[] = [];

  constructor(options: TrainerOptions, sources: readonly Source[]) {
    this.#options = options;
    this.#sources = sources;
    this.metrics = options.metrics ?? [new PSNR()];
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

  /** Evaluates the model as it is. */
  async run({ step, epoch, lossEpoch, rng, more }: EvaluationContext): Promise<HistoryEntry> {
    const results: TestResult[] = [];
    const losses: EvaluatedLosses[] = [];
    let first = true;
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
        results.push(await evaluate({ model, physics, ...generator, data, metrics, rng: Rng.from(rng), onBatch }));
      }
      if (wanted.losses) {
        const options = { source, ...generator, data, epoch: lossEpoch, more, rng: Rng.from(rng), onBatch };
        losses.push(await evaluateLosses(options));
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
