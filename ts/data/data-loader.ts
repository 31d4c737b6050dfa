import { type RandomSource, resolveRng, Rng } from "../random/index.js";
import { ArgumentError, checkNumber, checkOptions } from "../runtime/index.js";
import { stack, type Tensor, tidy } from "../tensor/index.js";
import { type Dataset, disposeSample, type Sample } from "./dataset.js";

/** Options of {@link DataLoader}. */
export interface DataLoaderOptions {
  dataset: Dataset;
  /** Examples a batch. Default: 1. */
  batchSize?: number;
  /** A new random order for every epoch. Default: false. */
  shuffle?: boolean;
  /** Where the order, and what the dataset draws, come from. */
  rng?: RandomSource;
  /** Leave out the last batch of an epoch when it is not full. Default: false. */
  dropLast?: boolean;
}

/** Where a {@link DataLoader} stands; plain data that JSON can hold. */
export interface LoaderState {
  /** Epochs finished. */
  epoch: number;
  /** Batches of the current epoch already handed out. */
  position: number;
  /** The random stream before the current epoch's order was drawn. */
  orderRng: string;
  /** The random stream now. */
  rng: string;
}

/** A batch: a {@link Sample} whose tensors have a first dimension that counts examples. */
export type Batch = Sample;

/**
 * Batches of a dataset. One `for await` loop gives what is left of one epoch; whoever takes a batch owns its tensors.
 *
 * A loop that is left early is continued by the next one; `reset()` starts the epoch anew. `state()` and `loadState()`
 * continue a run in another process with exactly the batches it would have seen.
 *
 * @throws ArgumentError `empty_data` where the dataset has no example, or fewer than a batch with `dropLast`.
 */
export class DataLoader implements AsyncIterable<Batch> {
  readonly dataset: Dataset;
  readonly batchSize: number;
  /** Batches an epoch. */
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
    this.#shuffle = options.shuffle ?? false;
    const batches = this.dataset.length / this.batchSize;
    this.length = options.dropLast ? Math.floor(batches) : Math.ceil(batches);
    if (this.length === 0) {
      const why =
        this.dataset.length === 0
          ? "the dataset is empty"
          : `${this.dataset.length} examples do not fill a batch of ${this.batchSize}, and dropLast is on`;
      throw new ArgumentError(`DataLoader: ${why}`, "empty_data");
    }
    this.#rng = resolveRng(options.rng);
    this.#orderRng = this.#rng.state();
  }

  /** Epochs finished. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Where the loader stands. */
  state(): LoaderState {
    return { epoch: this.#epoch, position: this.#position, orderRng: this.#orderRng, rng: this.#rng.state() };
  }

  /** Goes on where a loader over the same dataset with the same options stood. */
  async loadState(state: LoaderState): Promise<void> {
    this.#epoch = state.epoch;
    this.#position = state.position;
    this.#orderRng = state.orderRng;
    this.#rng = Rng.from(state.orderRng);
    this.#order = state.position > 0 ? await this.#drawOrder() : undefined;
    this.#rng = Rng.from(state.rng);
  }

  /** Starts the current epoch anew, with a new order. */
  reset(): void {
    this.#position = 0;
    this.#order = undefined;
  }

  /** The next batch, or `undefined` at the end of an epoch (the call after that begins the next one). */
  async next(): Promise<Batch | undefined> {
    if (this.#position >= this.length) {
      this.#epoch += 1;
      this.reset();
      return undefined;
    }
    if (!this.#order) {
      this.#orderRng = this.#rng.state();
      this.#order = await this.#drawOrder();
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

  async #drawOrder(): Promise<number[]> {
    const count = this.dataset.length;
    if (!this.#shuffle) return Array.from({ length: count }, (_, index) => index);
    const drawn = this.#rng.permutation(count, { device: "cpu" });
    const order = Array.from(await drawn.data());
    drawn.dispose();
    return order;
  }
}

/**
 * One batch from several samples: every tensor is stacked along a new first dimension.
 *
 * @throws ArgumentError `missing_argument` where some samples have a tensor and others lack it; ShapeError where shapes
 * differ.
 */
export function collate(samples: readonly Sample[]): Batch {
  const gather = (name: string, pick: (sample: Sample) => Tensor | undefined): Tensor | undefined => {
    const found = samples.map(pick).filter((value) => value !== undefined);
    if (found.length === 0) return undefined;
    if (found.length < samples.length) {
      throw new ArgumentError(
        `DataLoader: ${name} is missing in ${samples.length - found.length} of ${samples.length} samples of a batch`,
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
