import { type Batch, DataLoader, disposeSample, type Dataset, type LoaderState } from "../data/index.js";
import { BaseLossScheduler } from "../loss/index.js";
import { type Metric, PSNR } from "../metric/index.js";
import type { Reconstructor } from "../nn/index.js";
import type { OptimizerState, ScheduleState } from "../optim/index.js";
import { type RandomSource, Rng } from "../random/index.js";
import { AdjointError, ArgumentError, FormatError } from "../runtime/index.js";
import { noGrad, stack, type Tensor, tidy } from "../tensor/index.js";
import { disposeState, loadState, saveState } from "./checkpoint.js";
import { evaluate, type TestResult } from "./evaluate.js";
import { type HistoryEntry, writeHistory } from "./history.js";
import {
  checkTrainerOptions,
  type Progress,
  type TrainerOptions,
  type WeightedLoss,
  weightedLosses,
} from "./options.js";
import { type StepContext, trainStep } from "./step.js";

/** Options of {@link Trainer.train}. */
export interface TrainOptions {
  /** Aborting it stops after the current step; a checkpoint is written where the Trainer has a path for one. */
  signal?: AbortSignal;
}

/** What a checkpoint holds. */
interface TrainerState {
  step: number;
  epoch: number;
  model: Record<string, Tensor>;
  optimizer: OptimizerState;
  schedule: ScheduleState | null;
  losses: Record<string, Tensor>[];
  further: unknown;
  rng: string;
  evalRng: string;
  loader: LoaderState;
  history: HistoryEntry[];
  best: number | null;
  sinceBest: number;
  stopped: boolean;
}

/** A report of {@link trainStep} that has not been read back yet. */
interface Pending {
  readonly step: number;
  readonly values: Tensor;
  /** What each loss used in this step: of a scheduler its choice, of others nothing. */
  readonly active: readonly (readonly string[])[];
}

/**
 * Trains a reconstruction network, with or without ground truth, whichever the losses need.
 *
 * With the same seed and data a run is the same bit for bit on the CPU, also when it was stopped and resumed in
 * between. Losses are read back only every `readEvery` steps, so that the device never waits for JavaScript in between.
 */
export class Trainer {
  /** Steps done. */
  step = 0;
  /** Epochs finished. */
  epoch = 0;
  /** What was measured so far. */
  history: HistoryEntry[] = [];
  /** The model as trained: adapted by the losses. Its weights are those of `options.model`. */
  readonly model: Reconstructor;
  /** Names of what a subclass's step reports after the losses; the history has them under `discriminator`. */
  protected readonly furtherValues: readonly string[] = [];
  readonly #options: TrainerOptions;
  readonly #losses: readonly WeightedLoss[];
  readonly #metrics: readonly Metric[];
  readonly #loader: DataLoader;
  readonly #readEvery: number;
  #rng: RandomSource;
  #evalRng: string;
  #pending: Pending[] = [];
  #lastCheckpoint: { path: string; step: number } | undefined;
  #best: number | null = null;
  #sinceBest = 0;
  #stopped = false;
  #clock = { started: 0, images: 0, steps: 0 };

  /** @throws ArgumentError `unknown_option`, `missing_argument`, `invalid_argument`, `empty_data`. */
  constructor(options: TrainerOptions) {
    checkTrainerOptions(options);
    this.#options = options;
    this.#losses = weightedLosses(options.losses);
    this.#metrics = options.metrics ?? [new PSNR()];
    this.#readEvery = options.readEvery ?? 10;
    this.#rng = options.rng ?? Rng.fromEntropy();
    // A stream of its own: how often the model is evaluated does not change the training.
    this.#evalRng = this.#rng.fork().state();
    const { trainData } = options;
    this.#loader =
      trainData instanceof DataLoader
        ? trainData
        : new DataLoader({
            dataset: trainData,
            batchSize: options.batchSize ?? 1,
            shuffle: true,
            rng: this.#rng.fork(),
          });
    this.model = adapt(this.#losses, options.model);
    const metric = options.earlyStop?.metric;
    if (metric !== undefined && !this.#metrics.some(({ name }) => name === metric)) {
      throw new ArgumentError(
        `Trainer: earlyStop.metric is ${metric}, expected one of ${this.#metrics.map(({ name }) => name).join(", ")}`,
        "invalid_argument",
      );
    }
  }

  /** Steps of the whole training. */
  get steps(): number {
    return Math.min(this.#options.maxSteps ?? Infinity, (this.#options.epochs ?? 1) * this.#loader.length);
  }

  /**
   * Trains until the last step, an early stop or an abort, and returns the history.
   *
   * @throws AdjointError `non_finite_loss` where a loss is NaN or infinite: the message names the step, the loss and
   * the last good checkpoint; the signal's reason when aborted.
   */
  async train({ signal }: TrainOptions = {}): Promise<HistoryEntry[]> {
    this.#clock = { started: performance.now(), images: 0, steps: 0 };
    const checkpointEvery = this.#options.checkpoint?.every ?? 500;
    try {
      while (this.step < this.steps && !this.#stopped) {
        if (signal?.aborted) {
          await this.#save();
          throw signal.reason;
        }
        const batch = await this.#loader.next();
        if (!batch) continue;
        try {
          const reads = (this.step + 1) % this.#readEvery === 0 || this.step + 1 === this.steps;
          this.model.train();
          const values = this.stepOn(batch, {
            ...this.#options,
            model: this.model,
            losses: this.#losses,
            rng: this.#rng,
            epoch: this.epoch,
            gradClip: this.#options.gradClip,
            metric: reads ? this.#metrics[0] : undefined,
          });
          this.step += 1;
          this.#pending.push({ step: this.step, values, active: this.#active() });
          this.#clock.steps += 1;
          this.#clock.images += (batch.x ?? batch.y)?.shape[0] ?? 0;
        } finally {
          disposeSample(batch);
        }
        if (this.#options.scheduleEvery === "step") this.stepSchedules();
        if (this.step % this.#readEvery === 0 || this.step === this.steps) await this.#read();
        if (this.#loader.state().position >= this.#loader.length) await this.#endEpoch();
        if (this.step % checkpointEvery === 0 && this.step < this.steps) await this.#save();
        await nextTurn();
      }
      await this.#save();
    } finally {
      for (const { values } of this.#pending) values.dispose();
      this.#pending = [];
    }
    return this.history;
  }

  /** One step: a tensor of the total, each loss, `furtherValues` and, where `context.metric` is given, that metric. */
  protected stepOn(batch: Batch, context: StepContext): Tensor {
    return trainStep(batch, context);
  }

  /** Lets the learning rates go on. */
  protected stepSchedules(): void {
    this.#options.schedule?.step();
  }

  /** What a subclass adds to a checkpoint: plain data and tensors, which are freed once it is written. */
  protected furtherState(): unknown {
    return null;
  }

  /** Refuses what {@link furtherState} of this trainer cannot have given, before anything is changed. */
  protected checkFurtherState(_state: unknown, _path: string): void {}

  /** Takes over what {@link furtherState} gave; its tensors are freed afterwards. */
  protected loadFurtherState(_state: unknown): void {}

  /** Measures the model on data with ground truth: the metrics of the reconstruction and of the measurement. */
  async test(data: Dataset | DataLoader): Promise<TestResult> {
    return await evaluate({
      model: this.model,
      physics: this.#options.physics,
      data,
      metrics: this.#metrics,
      rng: Rng.from(this.#evalRng),
    });
  }

  /**
   * Takes over a checkpoint: weights, optimiser, schedule, losses, random streams, place in the data and history.
   * `train()` then goes on exactly as the run that wrote it would have.
   *
   * @throws ArgumentError `file_not_found`; FormatError `checkpoint_invalid` or `safetensors_...`; the model's errors
   * where weights do not fit.
   */
  async resume(path: string): Promise<void> {
    const state = (await loadState(path)) as TrainerState;
    if (typeof state?.step !== "number" || !state.model || !state.loader || typeof state.rng !== "string") {
      throw new FormatError(`${path}: the checkpoint lacks parts of a training's state`, "checkpoint_invalid");
    }
    if (state.losses.length !== this.#losses.length) {
      throw new ArgumentError(
        `${path}: the checkpoint is of a training with ${state.losses.length} losses, this one has ${this.#losses.length}`,
        "invalid_argument",
      );
    }
    this.checkFurtherState(state.further ?? null, path);
    this.#options.model.loadStateDict(state.model);
    this.#options.optimizer.loadStateDict(state.optimizer);
    if (state.schedule !== null) this.#options.schedule?.loadStateDict(state.schedule);
    this.#losses.forEach(({ loss }, index) => loss.loadStateDict(state.losses[index] ?? {}));
    this.loadFurtherState(state.further ?? null);
    this.#rng = Rng.from(state.rng);
    this.#evalRng = state.evalRng;
    await this.#loader.loadState(state.loader);
    this.step = state.step;
    this.epoch = state.epoch;
    this.history = state.history;
    this.#best = state.best;
    this.#sinceBest = state.sinceBest;
    this.#stopped = state.stopped;
    this.#lastCheckpoint = { path, step: state.step };
    disposeState([state.model, state.optimizer, state.losses, state.further]);
  }

  /** Reads the losses since the last time, checks that they are finite, notes and reports their means. */
  async #read(): Promise<void> {
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    const rows = await Promise.all(pending.map(({ values }) => values.data()));
    for (const { values } of pending) values.dispose();
    const names = uniqueNames(this.#losses.map(({ loss }) => loss.name));
    const further = this.furtherValues;
    const columns = ["total", ...names, ...further.map((name) => `discriminator ${name}`)];
    rows.forEach((row, index) => {
      // The total comes last in the search: the loss that caused it is the better name.
      const bad = [...columns.slice(1), "total"].find((name) => !Number.isFinite(row[columns.indexOf(name)]));
      if (bad === undefined) return;
      const { step, active } = pending[index] as Pending;
      const used = active[columns.indexOf(bad) - 1] ?? [];
      throw this.#nonFinite(
        `${bad}${used.length > 0 ? ` (${used.join(" + ")})` : ""} is ${row[columns.indexOf(bad)] as number} at step ${step}`,
      );
    });
    const mean = (column: number): number => rows.reduce((sum, row) => sum + (row[column] as number), 0) / rows.length;
    const metric = rows.at(-1)?.[columns.length];
    const seconds = (performance.now() - this.#clock.started) / 1000;
    const progress: Progress = {
      step: this.step,
      steps: this.steps,
      epoch: this.epoch,
      loss: mean(0),
      losses: Object.fromEntries(names.map((name, index) => [name, mean(index + 1)])),
      metrics: metric === undefined ? {} : { [(this.#metrics[0] as Metric).name]: metric },
      learningRate: this.#options.optimizer.learningRate,
      imagesPerSecond: this.#clock.images / seconds,
      secondsLeft: (seconds / this.#clock.steps) * (this.steps - this.step),
    };
    const { step, epoch, loss, losses, learningRate } = progress;
    const speed = Number(progress.imagesPerSecond.toPrecision(4));
    const active = counts(pending.flatMap((entry) => entry.active.flat()));
    const discriminator = Object.fromEntries(further.map((name, index) => [name, mean(names.length + 1 + index)]));
    const optional = {
      ...(Object.keys(active).length > 0 ? { active } : {}),
      ...(further.length > 0 ? { discriminator } : {}),
    };
    this.history.push({
      step,
      epoch,
      loss,
      losses,
      ...optional,
      ...(metric === undefined ? {} : { trainMetrics: progress.metrics }),
      learningRate,
      imagesPerSecond: speed,
    });
    this.#options.onProgress?.(progress);
  }

  #active(): (readonly string[])[] {
    return this.#losses.map(({ loss }) => (loss instanceof BaseLossScheduler ? loss.active : []));
  }

  /**
   * Refuses weights that a gradient has made NaN or infinite though no loss was yet: they must not pass for the last
   * good ones.
   */
  async #checkWeights(): Promise<void> {
    const sum = noGrad(() =>
      tidy(() =>
        stack(
          this.#options.model.parameters().map((weight) => weight.mul(0).sum()),
          0,
        ).sum(),
      ),
    );
    const [value] = await sum.data();
    sum.dispose();
    if (value !== 0)
      throw this.#nonFinite(
        `a weight is not finite after step ${this.step} (its gradient is NaN or infinite, though the losses are not)`,
      );
  }

  #nonFinite(what: string): AdjointError {
    this.#stopped = true;
    const last = this.#lastCheckpoint;
    const advice = last ? `the last good checkpoint is ${last.path} (step ${last.step})` : "no checkpoint was written";
    return new AdjointError(
      `Trainer: ${what}; ${advice}. A lower learning rate or gradClip may help`,
      "non_finite_loss",
    );
  }

  async #endEpoch(): Promise<void> {
    await this.#loader.next(); // closes the epoch, so that a checkpoint from here begins the next one
    this.epoch += 1;
    if (this.#options.scheduleEvery !== "step") this.stepSchedules();
    const { evalData } = this.#options;
    if (evalData) {
      await this.#read();
      const { metrics } = await this.test(evalData);
      const evalMetrics = Object.fromEntries(Object.entries(metrics).map(([name, { mean }]) => [name, mean]));
      const entry: HistoryEntry = { step: this.step, epoch: this.epoch, evalMetrics };
      this.history.push(entry);
      this.#options.onEvaluation?.(entry);
      this.#checkEarlyStop(evalMetrics);
    }
    if (this.#options.historyPath) await writeHistory(this.#options.historyPath, this.history);
  }

  #checkEarlyStop(means: Readonly<Record<string, number>>): void {
    const { earlyStop } = this.#options;
    if (!earlyStop) return;
    const metric = this.#metrics.find(({ name }) => name === earlyStop.metric) ?? (this.#metrics[0] as Metric);
    const value = means[metric.name] as number;
    const gain = this.#best === null ? Infinity : metric.lowerBetter ? this.#best - value : value - this.#best;
    if (gain > (earlyStop.minDelta ?? 0)) {
      this.#best = value;
      this.#sinceBest = 0;
    } else {
      this.#sinceBest += 1;
      this.#stopped = this.#sinceBest >= earlyStop.patience;
    }
  }

  /**
   * Writes a checkpoint, atomically. Losses are read first: a state that gave a non-finite loss, or has a weight that
   * is not finite, is never written.
   *
   * @throws AdjointError `non_finite_loss`.
   */
  async save(path: string): Promise<void> {
    await this.#read();
    await this.#checkWeights();
    const state: TrainerState = {
      step: this.step,
      epoch: this.epoch,
      model: this.#options.model.stateDict(),
      optimizer: this.#options.optimizer.stateDict(),
      schedule: this.#options.schedule?.stateDict() ?? null,
      losses: this.#losses.map(({ loss }) => loss.stateDict()),
      further: this.furtherState(),
      rng: this.#rng.state(),
      evalRng: this.#evalRng,
      loader: this.#loader.state(),
      history: this.history,
      best: this.#best,
      sinceBest: this.#sinceBest,
      stopped: this.#stopped,
    };
    await saveState(path, state);
    disposeState([state.model, state.optimizer, state.losses, state.further]);
    this.#lastCheckpoint = { path, step: this.step };
  }

  /** Writes history and checkpoint to the paths of the options, where there are any. */
  async #save(): Promise<void> {
    await this.#read();
    if (this.#options.historyPath) await writeHistory(this.#options.historyPath, this.history);
    if (this.#options.checkpoint) await this.save(this.#options.checkpoint.path);
  }
}

/**
 * The model adapted for all losses.
 *
 * @throws ArgumentError `model_not_adapted` where two losses each need the model for themselves.
 */
function adapt(losses: readonly WeightedLoss[], model: Reconstructor): Reconstructor {
  const adapted = losses.reduce((made, { loss }) => loss.adaptModel(made), model);
  const own = new Set(losses.filter(({ loss }) => loss.assumptions.adapted).map(({ loss }) => loss.name));
  const by = (adapted as { adaptedBy?: string }).adaptedBy;
  if ([...own].some((name) => name !== by)) {
    throw new ArgumentError(
      `Trainer: ${[...own].join(" and ")} each need a model adapted to them alone; train with one of them, or with one after the other.`,
      "model_not_adapted",
    );
  }
  return adapted;
}

/** Names made distinct: the second `SupLoss` becomes `SupLoss 2`. */
export function uniqueNames(names: readonly string[]): string[] {
  return names.map((name, index) => {
    const before = names.slice(0, index).filter((other) => other === name).length;
    return before === 0 ? name : `${name} ${before + 1}`;
  });
}

/** How often each name occurs. */
function counts(names: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const name of names) found[name] = (found[name] ?? 0) + 1;
  return found;
}

/** Lets timers, signals and pages have their turn: steps keep the thread busy. */
async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => {
    if (typeof setImmediate === "function") return void setImmediate(resolve);
    // A timer of a page waits for 4 ms; a message does not.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
