import { permutationValues, type RandomSource, resolveRng, Rng } from "../random/index.js";
import {
  ArgumentError,
  checkFlag,
  checkList,
  checkNumber,
  checkObject,
  checkOptions,
  LARGEST,
  ShapeError,
} from "../runtime/index.js";
import { TensorList } from "../physics/index.js";
import { freeOnError, stack, Tensor, tidy } from "../tensor/index.js";
import { BatchesAhead } from "./batches-ahead.js";
import { checkDataset } from "./check-dataset.js";
import {
  checkTensors,
  type Dataset,
  disposeSample,
  type GetOptions,
  type Measurement,
  type Sample,
  exampleOf,
} from "./dataset.js";

/** Options of {@link DataLoader}. */
export interface DataLoaderOptions<Y extends Measurement = Tensor, S = Sample<Y>> {
  readonly dataset: Dataset<Y> & { get(index: number, options?: GetOptions): Promise<S> | S };
  /** Examples per batch. Default: 1. */
  readonly batchSize?: number;
  /** Draws a new random order for every epoch. Default: false. */
  readonly shuffle?: boolean;
  /** Random stream for the order and for the draws of the dataset. Default: a stream of the whole library. */
  readonly rng?: RandomSource;
  /** Drops the last batch of an epoch if it is not full. Default: false. */
  readonly dropLast?: boolean;
  /**
   * Threads that read the files of the next batch while the program computes; at most 64, and 0 for none. Batches and
   * errors are the same with any number. Default: 1 where the machine has several processors and the dataset can be
   * read ahead, as an {@link ImageFolder} can.
   */
  readonly workers?: number;
}

/** Frees what a loader that was dropped had read ahead. */
const dropped = new FinalizationRegistry<BatchesAhead>((ahead) => ahead.end());

/** Options of {@link DataLoader.next}. */
export interface NextOptions {
  readonly rng?: RandomSource | undefined;
  readonly ahead?: number;
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
export type Batch<Y extends Measurement = Tensor> = Sample<Y>;

/**
 * Batches of a dataset. One `for await` loop yields the remaining batches of one epoch; the caller owns their tensors.
 *
 * If a loop is left early, the next one continues the epoch; `reset()` restarts it. With `state()` and `loadState()`
 * another process continues with exactly the same batches.
 *
 * @throws ArgumentError `empty_data` where the dataset has no example, or with `dropLast` fewer than a batch;
 * `unknown_option`, `invalid_argument`.
 */
export class DataLoader<Y extends Measurement = Tensor, S = Sample<Y>> implements AsyncIterable<Batch<Y>> {
  readonly dataset: Dataset<Y> & { get(index: number, options?: GetOptions): Promise<S> | S };
  readonly batchSize: number;
  /** Batches per epoch. */
  readonly length: number;
  readonly #shuffle: boolean;
  readonly #dropLast: boolean;
  readonly #workers: number | undefined;
  readonly #ahead: BatchesAhead;
  #rng: RandomSource;
  #orderRng: string;
  #order: number[] | undefined;
  #epoch = 0;
  #position = 0;
  #indices: readonly number[] = [];

  constructor(options: DataLoaderOptions<Y, S>) {
    checkOptions("DataLoader", options, ["dataset", "batchSize", "shuffle", "rng", "dropLast", "workers"]);
    checkDataset("DataLoader", options?.dataset);
    this.dataset = options.dataset;
    this.batchSize = checkNumber("DataLoader", "batchSize", options.batchSize ?? 1, { positive: true, integer: true });
    this.#shuffle = checkFlag("DataLoader", "shuffle", options.shuffle, false);
    this.#dropLast = checkFlag("DataLoader", "dropLast", options.dropLast, false);
    const { workers } = options;
    if (workers !== undefined) checkNumber("DataLoader", "workers", workers, { integer: true, min: 0, max: 64 });
    this.#workers = workers;
    this.#ahead = new BatchesAhead(this.dataset, workers);
    dropped.register(this, this.#ahead);
    const batches = this.dataset.length / this.batchSize;
    this.length = this.#dropLast ? Math.floor(batches) : Math.ceil(batches);
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

  /** Indices in the dataset of the examples of the last batch. */
  get indices(): readonly number[] {
    return this.#indices;
  }

  /** The state of the loader, for {@link loadState}. */
  state(): LoaderState {
    return { epoch: this.#epoch, position: this.#position, orderRng: this.#orderRng, rng: this.#rng.state() };
  }

  /**
   * Continues from the state of a loader with the same dataset and options.
   *
   * @throws ArgumentError `invalid_argument` where it is not such a state; nothing is changed then.
   */
  async loadState(state: LoaderState): Promise<void> {
    const name = "DataLoader.loadState";
    checkObject(name, "state", state);
    const epoch = checkNumber(name, "epoch", state?.epoch, { integer: true, min: 0 });
    const position = checkNumber(name, "position", state.position, { integer: true, min: 0, max: this.length });
    const [order, rng] = [Rng.from(state.orderRng), Rng.from(state.rng)];
    this.#ahead.end();
    this.#epoch = epoch;
    this.#position = position;
    this.#orderRng = state.orderRng;
    this.#rng = order;
    this.#order = position > 0 ? this.#drawOrder() : undefined;
    this.#rng = rng;
  }

  /** A loader of another dataset of the same length, with the options, the order and the place of this one. */
  withDataset<Z extends Measurement>(dataset: Dataset<Z>): DataLoader<Z> {
    const loader = new DataLoader({
      dataset,
      batchSize: this.batchSize,
      shuffle: this.#shuffle,
      rng: this.#rng,
      dropLast: this.#dropLast,
      ...(this.#workers === undefined ? {} : { workers: this.#workers }),
    });
    loader.#orderRng = this.#orderRng;
    loader.#order = this.#order;
    loader.#epoch = this.#epoch;
    loader.#position = this.#position;
    return loader;
  }

  /** Restarts the current epoch with a new order. */
  reset(): void {
    this.dispose();
    this.#position = 0;
    this.#order = undefined;
  }

  /** Frees what was read ahead; the loader goes on as before. */
  dispose(): void {
    this.#ahead.end();
  }

  /**
   * The next batch, or `undefined` at the end of an epoch; the call after that starts the next epoch.
   *
   * @param options.rng stream of the draws of the dataset. Default: the loader's.
   * @param options.ahead how many batches after this one the next call is for; the files of both are read ahead, 0: of
   * this one alone. Default: 1.
   */
  async next({ rng = this.#rng, ahead = 1 }: NextOptions = {}): Promise<Batch<Y> | undefined> {
    checkNumber("DataLoader.next", "ahead", ahead, { integer: true, min: 0 });
    const indices = this.#nextIndices();
    if (!indices) return undefined;
    const place = this.#position;
    this.#ahead.begin(place, indices);
    if (place + ahead < this.length) this.#ahead.begin(place + ahead, this.#indicesAt(place + ahead));
    const samples: Sample<Y>[] = [];
    try {
      for (const [example, index] of indices.entries()) {
        samples.push(await exampleOf("DataLoader", this.dataset, index, { rng }));
        this.#ahead.free(place, example);
      }
      const batch = collate(samples);
      this.#position += 1;
      this.#indices = indices;
      return batch;
    } finally {
      this.#ahead.end(place);
      for (const sample of samples) disposeSample(sample);
    }
  }

  /** Passes over the next batch without reading it; whether there was one, as of {@link next}. */
  skip(): boolean {
    const indices = this.#nextIndices();
    if (indices) this.#ahead.end(this.#position++);
    return indices !== undefined;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Batch<Y>> {
    for (;;) {
      const batch = await this.next();
      if (!batch) return;
      yield batch;
    }
  }

  /** The examples of the next batch; at the end of an epoch none, and the next epoch begins. */
  #nextIndices(): readonly number[] | undefined {
    if (this.#position >= this.length) {
      this.#epoch += 1;
      this.reset();
      return undefined;
    }
    if (!this.#order) {
      this.#orderRng = this.#rng.state();
      this.#order = this.#drawOrder();
    }
    return this.#indicesAt(this.#position);
  }

  #indicesAt(place: number): readonly number[] {
    return (this.#order ?? []).slice(place * this.batchSize, (place + 1) * this.batchSize);
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
export function collate<Y extends Measurement = Tensor>(samples: readonly Sample<Y>[]): Batch<Y> {
  for (const sample of checkList("collate", "samples", samples, LARGEST.batch)) checkTensors("collate", sample);
  const names = new Set(samples.flatMap((sample) => Object.keys(sample.params ?? {})));
  return freeOnError(() => {
    const batch: Batch<Y> = {};
    const x = gather("x", samples, (sample) => sample.x);
    const y = gather("y", samples, (sample) => sample.y);
    if (x) batch.x = joined("x", x);
    if (y) batch.y = joined("y", y);
    for (const name of names) {
      const values = gather(name, samples, (sample) => sample.params?.[name]);
      if (values) (batch.params ??= {})[name] = joined(name, values);
    }
    return batch;
  });
}

/** What all samples have; `undefined` where none has it. */
function gather<Y extends Measurement, T>(
  name: string,
  samples: readonly Sample<Y>[],
  pick: (sample: Sample<Y>) => T | undefined,
): T[] | undefined {
  const found = samples.map(pick).filter((value) => value !== undefined);
  if (found.length === 0) return undefined;
  if (found.length === samples.length) return found;
  throw new ArgumentError(
    `DataLoader: ${name} is missing in ${samples.length - found.length} of ${samples.length} samples of a batch, ` +
      "expected it in all or none.",
    "missing_argument",
  );
}

function stacked(name: string, tensors: readonly Tensor[]): Tensor {
  const shapes = [...new Set(tensors.map(({ shape }) => `[${shape.join(", ")}]`))];
  if (shapes.length <= 1) return tidy(() => stack(tensors, 0));
  throw new ShapeError(
    `DataLoader: the samples of a batch have ${name} of the shapes ${shapes.join(" and ")}, expected one; take ` +
      'channels: "grey" or "rgb" and a size of the folder, patches (PatchDataset), or batchSize 1.',
    "shape_mismatch",
  );
}

/** Tensors stacked along a new first dimension; lists of tensors entry by entry. */
function joined<T extends Measurement>(name: string, values: readonly T[]): T {
  const lists = values.filter((value) => value instanceof TensorList);
  const tensors = values.filter((value) => value instanceof Tensor);
  const [first] = lists;
  if (!first) return stacked(name, tensors) as T;
  if (tensors.length > 0 || lists.some(({ length }) => length !== first.length)) {
    throw new ShapeError(
      `DataLoader: the samples of a batch have ${name} of different kinds: ${first.length} tensors and others.`,
      "shape_mismatch",
    );
  }
  const entries = first.map((_, i) => lists.map((list) => list.at(i)));
  // `tidy` sees the tensors of an array, not those of a TensorList.
  return new TensorList(tidy(() => entries.map((entry) => stacked(name, entry)))) as T;
}
