import { permutationValues, type RandomSource, resolveRng, Rng } from "../random/index.js";
import { ArgumentError, checkFlag, checkNumber, checkOptions } from "../runtime/index.js";
import { stack, type Tensor, tidy } from "../tensor/index.js";
import { type Dataset, disposeSample, type Sample } from "./dataset.js";

/** Options of {@link DataLoader}. */
export interface DataLoaderOptions {
  readonly dataset: Dataset;
  /** Examples per batch. Default: 1. */
  readonly batchSize?: number;
  /** Draws a new random order for every epoch. Default: false. */
  readonly shuffle?: boolean;
  /** Random stream for the order and for the draws of the dataset. Default: a stream of the whole library. */
  readonly rng?: RandomSource;
  /** Drops the last batch of an epoch if it is not full. Default: false. */
  readonly dropLast?: boolean;
}

/** The state of a {@link DataLoader} as plain data for JSON. */
export interface LoaderState {
  /** Number of finished epochs. */
  readonly epoch: number;
  /** Number of batches already taken from the current epoch. */
  readonly position: number;
  /** State of the random stream before the order of the current epoch was drawn. */
  readonly orderRng: string;
  /** Current state of the random stream. */
  readonly rng: string;
}

/** A batch: a {@link Sample} whose tensors have a batch dimension in front. */
export type Batch = Sample;

/**
 * Batches of a dataset. One `for await` loop yields the remaining batches of one epoch; the caller owns their tensors.
 *
 * If a loop is left early, the next one continues the epoch; `reset()` restarts it. With `state()` and `loadState()`
 * another process continues with exactly the same batches.
 *
 * @throws ArgumentError `empty_data` where the dataset has no example, or with `dropLast` fewer than a batch;
 * `unknown_option`, `invalid_argument`.
 */
export class DataLoader implements AsyncIterable<Batch> {
  readonly dataset: Dataset;
  readonly batchSize: number;
  /** Batches per epoch. */
  readonly length: number;
  readonly #shuffle: boolean;
  #rng: RandomSource;
  #orderRng: string;
  #order: number[] | undefined;
  #epoch = 0;
  #position = 0;

  constructor(options: DataLoaderOptions) {
    checkOptions("DataLoader", options, ["dataset", "batchSize", "shuffle", "rng", "dropLast"]);
    this.dataset = options.dataset;
    this.batchSize = checkNumber("DataLoader", "batchSize", options.batchSize ?? 1, { positive: true, integer: true });
    this.#shuffle = checkFlag("DataLoader", "shuffle", options.shuffle, false);
    const dropLast = checkFlag("DataLoader", "dropLast", options.dropLast, false);
    const batches = this.dataset.length / this.batchSize;
    this.length = dropLast ? Math.floor(batches) : Math.ceil(batches);
    if (this.length === 0) {
      const reason =
        this.dataset.length === 0
          ? "the dataset is empty"
          : `${this.dataset.length} examples do not fill a batch of ${this.batchSize}, and dropLast is true`;
      throw new ArgumentError(`DataLoader: ${reason}.`, "empty_data");
    }
    this.#rng = resolveRng(options.rng);
    this.#orderRng = this.#rng.state();
  }

  /** Number of finished epochs. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The state of the loader, for {@link loadState}. */
  state(): LoaderState {
    return { epoch: this.#epoch, position: this.#position, orderRng: this.#orderRng, rng: this.#rng.state() };
  }

  /** Continues from the state of a loader with the same dataset and options. */
  async loadState(state: LoaderState): Promise<void> {
    this.#epoch = state.epoch;
    this.#position = state.position;
    this.#orderRng = state.orderRng;
    this.#rng = Rng.from(state.orderRng);
    this.#order = state.position > 0 ? this.#drawOrder() : undefined;
    this.#rng = Rng.from(state.rng);
  }

  /** Restarts the current epoch with a new order. */
  reset(): void {
    this.#position = 0;
    this.#order = undefined;
  }

  /** The next batch, or `undefined` at the end of an epoch; the call after that starts the next epoch. */
  async next(): Promise<Batch | undefined> {
    if (this.#position >= this.length) {
      this.#epoch += 1;
      this.reset();
      return undefined;
    }
    if (!this.#order) {
      this.#orderRng = this.#rng.state();
      this.#order = this.#drawOrder();
    }
    const start = this.#position * this.batchSize;
    const samples: Sample[] = [];
    try {
      for (const index of this.#order.slice(start, start + this.batchSize))
        samples.push(await this.dataset.get(index, { rng: this.#rng }));
      const batch = collate(samples);
      this.#position += 1;
      return batch;
    } finally {
      for (const sample of samples) disposeSample(sample);
    }
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Batch> {
    for (;;) {
      const batch = await this.next();
      if (!batch) return;
      yield batch;
    }
  }

  #drawOrder(): number[] {
    const count = this.dataset.length;
    if (this.#shuffle) return Array.from(permutationValues(this.#rng, count));
    return Array.from({ length: count }, (_, index) => index);
  }
}

/**
 * Stacks the tensors of several samples along a new first dimension.
 *
 * @throws ArgumentError `missing_argument` where only some samples have a tensor; ShapeError `shape_mismatch` where
 * shapes differ.
 */
export function collate(samples: readonly Sample[]): Batch {
  const gather = (name: string, pick: (sample: Sample) => Tensor | undefined): Tensor | undefined => {
    const found = samples.map(pick).filter((value) => value !== undefined);
    if (found.length === 0) return undefined;
    if (found.length < samples.length) {
      throw new ArgumentError(
        `DataLoader: ${name} is missing in ${samples.length - found.length} of ${samples.length} samples of a batch, ` +
          "expected it in all or none.",
        "missing_argument",
      );
    }
    return tidy(() => stack(found, 0));
  };
  const batch: Batch = {};
  const x = gather("x", (sample) => sample.x);
  const y = gather("y", (sample) => sample.y);
  if (x) batch.x = x;
  if (y) batch.y = y;
  const names = new Set(samples.flatMap((sample) => Object.keys(sample.params ?? {})));
  for (const name of names) {
    const value = gather(name, (sample) => sample.params?.[name]);
    if (value) (batch.params ??= {})[name] = value;
  }
  return batch;
}
