import {
  type Batch,
  collate,
  DataCheck,
  DataLoader,
  disposeSample,
  type LoaderState,
  type Measurement,
} from "../data/index.js";
import { BaseLossScheduler, type Loss, StackedPhysicsLoss } from "../loss/index.js";
import type { Reconstructor } from "../nn/index.js";
import type { PhysicsGenerator } from "../physics/index.js";
import { type RandomSource, seedValue } from "../random/index.js";
import { ArgumentError } from "../runtime/index.js";
import { adaptModel } from "./adapt-model.js";
import { uniqueNames } from "./loss-log.js";
import { lossesOfEach } from "./losses-option.js";
import { countOf, entryOf } from "./matched.js";
import { contentOf, measuredOnce } from "./measured-once.js";
import type { AnyPhysics, TrainerOptions, WeightedLoss } from "./options.js";

/** A data set of a training with what its batches are trained by. */
export interface Source {
  readonly physics: AnyPhysics;
  /** Draws parameters at each step; only where measurements are redrawn. */
  readonly physicsGenerator: PhysicsGenerator | undefined;
  readonly losses: readonly WeightedLoss[];
  /** Names of the losses, distinct over all data sets. */
  readonly names: readonly string[];
  /** The model as adapted by these losses. */
  readonly model: Reconstructor;
}

/** A batch and the data set that it is of. */
export interface SourcedBatch {
  readonly batch: Batch<Measurement>;
  readonly source: Source;
}

/** What a checkpoint holds of a {@link TrainingData}. */
export interface TrainingDataState {
  /** The data set whose turn it is. */
  turn: number;
  /** Seeds of the measurements that are made once. */
  seeds: number[];
  loaders: LoaderState[];
}

/** The data sets of a training, whose batches are taken in turn. An epoch takes every batch of each once. */
export class TrainingData {
  readonly sources: readonly Source[];
  /** Batches per epoch. */
  readonly length: number;
  readonly #options: TrainerOptions;
  /** As given, or with measurements that are made once. */
  readonly #loaders: DataLoader<Measurement>[];
  readonly #given: readonly DataLoader<Measurement>[];
  readonly #checks: readonly DataCheck[];
  #seeds: number[];
  #turn = 0;
  /** Whether measurements are made once, for each data set; known after {@link prepare}. */
  #once: readonly boolean[] | undefined;

  /** @param seeds the stream of the seeds of measurements; `rng` is that of orders. */
  constructor(options: TrainerOptions, rng: RandomSource, seeds: RandomSource) {
    this.#options = options;
    const count = countOf(options);
    const losses = lossesOfEach(options.losses, count);
    const names = namesOfEach(losses);
    this.#given = Array.from({ length: count }, (_, i) => this.#loaderOf(i, rng));
    this.#loaders = [...this.#given];
    this.#checks = this.#given.map(({ dataset }) => new DataCheck(dataset));
    this.#seeds = this.#given.map(() => seedValue(seeds));
    this.length = this.#given.reduce((sum, { length }) => sum + length, 0);
    const adapted = new Map<readonly WeightedLoss[], Reconstructor>();
    const modelOf = (of: readonly WeightedLoss[]): Reconstructor => {
      const model = adapted.get(of) ?? adaptModel(of, options.model);
      adapted.set(of, model);
      return model;
    };
    losses.forEach((of, i) => {
      for (const { loss } of of) loss.checkPhysics(entryOf(options.physics, i));
    });
    this.sources = losses.map((of, i) => ({
      physics: entryOf(options.physics, i),
      physicsGenerator: options.redraw ? entryOf(options.physicsGenerator, i) : undefined,
      losses: of,
      names: names[i] as string[],
      model: modelOf(of),
    }));
  }

  #loaderOf(index: number, rng: RandomSource): DataLoader<Measurement> {
    const { trainData, batchSize = 1 } = this.#options;
    const data = entryOf(trainData, index);
    if (!(data instanceof DataLoader))
      return new DataLoader({ dataset: data, batchSize, shuffle: true, rng: rng.fork() });
    // Each data set has a place of its own, even where one loader serves several physics.
    return index > 0 && entryOf(trainData, 0) === data ? data.withDataset(data.dataset) : data;
  }

  /** Looks at a sample of each data set, and arranges that images without measurement are measured once. */
  async prepare(): Promise<void> {
    if (this.#once) return;
    const { redraw = false, physicsGenerator } = this.#options;
    const found: boolean[] = [];
    for (const [i, { dataset }] of this.#given.entries()) {
      const { x, y } = await contentOf(dataset, "trainData");
      if (y && physicsGenerator) {
        throw new ArgumentError(
          "Trainer: physicsGenerator draws the parameters of measurements that are made here, but trainData has y; " +
            "give the parameters with the samples, as params.",
          "invalid_argument",
        );
      }
      if (!x) refuseSupervised((this.sources[i] as Source).losses);
      found.push(!y && !redraw);
    }
    this.#once = found;
    this.#measureOnce();
  }

  #measureOnce(): void {
    for (const [i, once] of (this.#once ?? []).entries()) {
      if (!once) continue;
      const { physics } = this.sources[i] as Source;
      const physicsGenerator = entryOf(this.#options.physicsGenerator, i);
      const loader = this.#loaders[i] as DataLoader<Measurement>;
      const { dataset } = this.#given[i] as DataLoader<Measurement>;
      const seed = this.#seeds[i] as number;
      this.#loaders[i] = loader.withDataset(measuredOnce({ dataset, physics, physicsGenerator, seed }));
    }
  }

  /**
   * The next batch in turn; `undefined` where every batch of the epoch was taken.
   *
   * @param rng stream of the draws of the dataset. Default: the loader's.
   * @param ahead how many batches after this one the next call is for, where others are passed over. Default: 1.
   * @throws ArgumentError `non_finite_data`, on the CPU; on other devices {@link check} does.
   */
  async next(rng?: RandomSource, ahead?: number): Promise<SourcedBatch | undefined> {
    for (const i of this.#inTurn()) {
      const loader = this.#loaders[i] as DataLoader<Measurement>;
      const batch = await loader.next({ rng, ahead: this.#aheadOf(ahead) });
      this.#passTurn(i);
      if (!batch) continue;
      try {
        this.#checks[i]?.add(batch, loader.indices);
      } catch (error) {
        disposeSample(batch);
        throw error;
      }
      return { batch, source: this.sources[i] as Source };
    }
    return undefined;
  }

  /** The same for the batches of one data set; 0 where some are passed over in turn: they are not read ahead. */
  #aheadOf(ahead: number | undefined): number {
    return ahead === undefined ? 1 : this.sources.length === 1 ? ahead : 0;
  }

  /** Passes over the next batch in turn without reading it; whether there was one. */
  skip(): boolean {
    for (const i of this.#inTurn()) {
      const skipped = this.#loaders[i]?.skip();
      this.#passTurn(i);
      if (skipped) return true;
    }
    return false;
  }

  /** The data sets that have batches left in this epoch, from the one whose turn it is. */
  *#inTurn(): Generator<number> {
    const [count, first] = [this.sources.length, this.#turn];
    for (let k = 0; k < count; k++) {
      const i = (first + k) % count;
      const loader = this.#loaders[i] as DataLoader<Measurement>;
      if (loader.state().position < loader.length) yield i;
    }
  }

  #passTurn(index: number): void {
    this.#turn = (index + 1) % this.sources.length;
  }

  /** @throws ArgumentError `non_finite_data` for a sample since the last call that has a NaN or infinite value. */
  async check(): Promise<void> {
    for (const check of this.#checks) await check.read();
  }

  /** The first sample of the first data set, in a batch of one, which the caller frees. */
  async first(rng: RandomSource): Promise<SourcedBatch> {
    const { dataset } = this.#loaders[0] as DataLoader<Measurement>;
    const sample = await dataset.get(0, { rng });
    try {
      return { batch: collate([sample]), source: this.sources[0] as Source };
    } finally {
      disposeSample(sample);
    }
  }

  /** Frees what was not checked, and what was read ahead. */
  dispose(): void {
    for (const loader of this.#loaders) loader.dispose();
    for (const check of this.#checks) check.dispose();
  }

  /** Whether every batch of the epoch was taken. */
  get atEnd(): boolean {
    return this.#loaders.every((loader) => loader.state().position >= loader.length);
  }

  /** Begins the next epoch, so that a state from here on does. */
  async endEpoch(): Promise<void> {
    for (const loader of this.#loaders) await loader.next();
    this.#turn = 0;
  }

  /** What a state must fit, besides a number of losses. */
  expected(losses: number): { readonly losses: number; readonly seeds: readonly number[] } {
    return { losses, seeds: this.#seeds };
  }

  state(): TrainingDataState {
    return { turn: this.#turn, seeds: [...this.#seeds], loaders: this.#loaders.map((loader) => loader.state()) };
  }

  async loadState({ turn, seeds, loaders }: TrainingDataState): Promise<void> {
    this.#turn = turn;
    this.#seeds = [...seeds];
    this.#measureOnce();
    for (const [i, loader] of this.#loaders.entries()) await loader.loadState(loaders[i] as LoaderState);
  }
}

/** Refuses losses that compare with ground truth, or with a second noisy image, where there is none. */
function refuseSupervised(losses: readonly WeightedLoss[]): void {
  const supervised = losses
    .flatMap(({ loss }) => partsOf(loss))
    .find(({ assumptions }) => assumptions.needs.includes("x"));
  if (!supervised) return;
  const target = supervised.assumptions.noisyPairs ? "a second noisy image x" : "the ground truth x";
  throw new ArgumentError(
    `Trainer: ${supervised.name} compares with ${target}, but trainData has measurements y alone; give ` +
      "samples { x, y }, or a loss that learns from measurements, such as R2RLoss.",
    "missing_argument",
  );
}

/** A loss, or those of a scheduler or a stack. */
function partsOf(loss: Loss): Loss[] {
  if (loss instanceof BaseLossScheduler) return loss.allLosses.flatMap(partsOf);
  return loss instanceof StackedPhysicsLoss ? loss.losses.flatMap(partsOf) : [loss];
}

/** Distinct names of the losses of each data set; a loss of several data sets has one name. */
function namesOfEach(losses: readonly (readonly WeightedLoss[])[]): string[][] {
  const different = [...new Set(losses)];
  const all = different.flat();
  const distinct = [...new Set(all.map(({ loss }) => loss))];
  // A list that has a loss twice names it twice.
  if (different.length === 1) {
    const names = uniqueNames(all.map(({ loss }) => loss.name));
    return losses.map(() => names);
  }
  const names = uniqueNames(distinct.map(({ name }) => name));
  return losses.map((of) => of.map(({ loss }) => names[distinct.indexOf(loss)] as string));
}
