import { type Batch, DataLoader, type Dataset, disposeSample } from "../data/index.js";
import { type Metric, PSNR } from "../metric/index.js";
import type { Reconstructor } from "../nn/index.js";
import { type RandomSource, Rng } from "../random/index.js";
import { AdjointError } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { adaptModel } from "./adapt-model.js";
import { disposeState, saveState } from "./checkpoint.js";
import { EarlyStopping } from "./early-stopping.js";
import { evaluate, type TestResult } from "./evaluate.js";
import { yieldToEventLoop } from "./event-loop.js";
import { allFinite } from "./finite.js";
import { type HistoryEntry, writeHistory } from "./history.js";
import { historyEntry, LossLog, type LossMeans } from "./loss-log.js";
import {
  checkTrainerOptions,
  type Progress,
  type TrainerOptions,
  type WeightedLoss,
  weightedLosses,
} from "./options.js";
import { type StepContext, trainStep } from "./step.js";
import { loadTrainerState, type TrainerState } from "./trainer-state.js";

/** Options of {@link Trainer.train}. */
export interface TrainOptions {
  /** Aborting it stops after the current step; a checkpoint is written if the Trainer has a path for one. */
  signal?: AbortSignal;
}

/**
 * Trains a reconstruction network, with or without ground truth, depending on what the losses need.
 *
 * On the CPU, a run with the same seed and data is bit-identical, even if it was stopped and resumed in between. Losses
 * are read back only every `readEvery` steps, so that the device does not wait for JavaScript.
 */
export class Trainer {
  /** Steps done. */
  step = 0;
  /** Epochs finished. */
  epoch = 0;
  /** Losses and metrics so far. */
  history: HistoryEntry[] = [];
  /** The trained model: `options.model` as adapted by the losses. The two share their weights. */
  readonly model: Reconstructor;
  /** Names of the values that a subclass's {@link runStep} reports after the losses. */
  protected readonly extraNames: readonly string[] = [];
  readonly #options: TrainerOptions;
  readonly #losses: readonly WeightedLoss[];
  readonly #metrics: readonly Metric[];
  readonly #loader: DataLoader;
  readonly #readEvery: number;
  readonly #lossLog: LossLog;
  readonly #earlyStopping: EarlyStopping;
  #rng: RandomSource;
  #evalRng: string;
  #lastCheckpoint: { path: string; step: number } | undefined;
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
    // A separate stream: how often the model is evaluated does not change the training.
    this.#evalRng = this.#rng.fork().state();
    const { trainData: data, batchSize = 1 } = options;
    this.#loader =
      data instanceof DataLoader
        ? data
        : new DataLoader({ dataset: data, batchSize, shuffle: true, rng: this.#rng.fork() });
    this.model = adaptModel(this.#losses, options.model);
    this.#lossLog = new LossLog(this.#losses);
    this.#earlyStopping = new EarlyStopping(options.earlyStop, this.#metrics);
  }

  /** Steps of the whole training. */
  get steps(): number {
    return Math.min(this.#options.maxSteps ?? Infinity, (this.#options.epochs ?? 1) * this.#loader.length);
  }

  /**
   * Trains until the last step, an early stop or an abort, and returns the history.
   *
   * @throws AdjointError `non_finite_loss` where a loss or a weight is NaN or infinite; the message names it, the step
   * and the last good checkpoint. When aborted, the signal's reason.
   */
  async train({ signal }: TrainOptions = {}): Promise<HistoryEntry[]> {
    this.#clock = { started: performance.now(), images: 0, steps: 0 };
    const checkpointEvery = this.#options.checkpoint?.every ?? 500;
    try {
      while (this.step < this.steps && !this.#stopped) {
        if (signal?.aborted) {
          await this.#saveAll();
          throw signal.reason;
        }
        const batch = await this.#loader.next();
        if (!batch) continue;
        try {
          this.#trainOn(batch);
        } finally {
          disposeSample(batch);
        }
        if (this.#options.scheduleEvery === "step") this.stepSchedules();
        if (this.step % this.#readEvery === 0 || this.step === this.steps) await this.#readLosses();
        if (this.#loader.state().position >= this.#loader.length) await this.#endEpoch();
        if (this.step % checkpointEvery === 0 && this.step < this.steps) await this.#saveAll();
        await yieldToEventLoop();
      }
      await this.#saveAll();
    } finally {
      this.#lossLog.dispose();
    }
    return this.history;
  }

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
   * Writes a checkpoint, atomically. Losses are read first: a state with a non-finite loss or weight is never written.
   *
   * @throws AdjointError `non_finite_loss`.
   */
  async save(path: string): Promise<void> {
    await this.#readLosses();
    await this.#checkWeights();
    const state: TrainerState = {
      step: this.step,
      epoch: this.epoch,
      model: this.#options.model.stateDict(),
      optimizer: this.#options.optimizer.stateDict(),
      schedule: this.#options.schedule?.stateDict() ?? null,
      losses: this.#losses.map(({ loss }) => loss.stateDict()),
      further: this.extraState(),
      rng: this.#rng.state(),
      evalRng: this.#evalRng,
      loader: this.#loader.state(),
      history: this.history,
      ...this.#earlyStopping.state(),
      stopped: this.#stopped,
    };
    await saveState(path, state);
    disposeState(state);
    this.#lastCheckpoint = { path, step: this.step };
  }

  /**
   * Restores a checkpoint: weights, optimiser, schedule, losses, random streams, position in the data and history.
   * `train()` then continues exactly as the run that wrote it would have.
   *
   * @throws ArgumentError `file_not_found`, `invalid_argument` where the number of losses differs.
   * @throws FormatError `checkpoint_invalid` or `safetensors_...`; the model's errors where weights do not fit.
   */
  async resume(path: string): Promise<void> {
    const state = await loadTrainerState(path, this.#losses.length);
    try {
      this.checkExtraState(state.further ?? null, path);
      this.#options.model.loadStateDict(state.model);
      this.#options.optimizer.loadStateDict(state.optimizer);
      if (state.schedule !== null) this.#options.schedule?.loadStateDict(state.schedule);
      for (const [index, { loss }] of this.#losses.entries()) loss.loadStateDict(state.losses[index] ?? {});
      this.loadExtraState(state.further ?? null);
      this.#rng = Rng.from(state.rng);
      this.#evalRng = state.evalRng;
      await this.#loader.loadState(state.loader);
      this.step = state.step;
      this.epoch = state.epoch;
      this.history = state.history;
      this.#earlyStopping.loadState(state);
      this.#stopped = state.stopped;
      this.#lastCheckpoint = { path, step: state.step };
    } finally {
      disposeState(state);
    }
  }

  /** One step: a tensor of the total, each loss, the values of {@link extraNames} and `context.metric` if given. */
  protected runStep(batch: Batch, context: StepContext): Tensor {
    return trainStep(batch, context);
  }

  /** Advances the learning-rate schedules. */
  protected stepSchedules(): void {
    this.#options.schedule?.step();
  }

  /** What a subclass adds to a checkpoint: plain data and tensors, which are freed once the file is written. */
  protected extraState(): unknown {
    return null;
  }

  /** Refuses what is not an {@link extraState} of this trainer, before anything is changed. */
  protected checkExtraState(_state: unknown, _path: string): void {}

  /** Restores an {@link extraState}; its tensors are freed afterwards. */
  protected loadExtraState(_state: unknown): void {}

  /** One step on a batch; its values are read back later. */
  #trainOn(batch: Batch): void {
    const readNext = (this.step + 1) % this.#readEvery === 0 || this.step + 1 === this.steps;
    this.model.train();
    const values = this.runStep(batch, {
      model: this.model,
      physics: this.#options.physics,
      losses: this.#losses,
      optimizer: this.#options.optimizer,
      rng: this.#rng,
      epoch: this.epoch,
      gradClip: this.#options.gradClip,
      metric: readNext ? this.#metrics[0] : undefined,
    });
    this.step += 1;
    this.#lossLog.add(this.step, values);
    this.#clock.steps += 1;
    this.#clock.images += (batch.x ?? batch.y)?.shape[0] ?? 0;
  }

  /** Reads back the losses since the last reading, checks that they are finite, and reports their means. */
  async #readLosses(): Promise<void> {
    const read = await this.#lossLog.read(this.extraNames);
    if (!read) return;
    if ("nonFinite" in read) throw this.#nonFiniteError(read.nonFinite);
    const progress = this.#progress(read);
    this.history.push(historyEntry(progress, read));
    this.#options.onProgress?.(progress);
  }

  #progress({ total, losses, metric }: LossMeans): Progress {
    const seconds = (performance.now() - this.#clock.started) / 1000;
    return {
      step: this.step,
      steps: this.steps,
      epoch: this.epoch,
      loss: total,
      losses,
      metrics: metric === undefined ? {} : { [(this.#metrics[0] as Metric).name]: metric },
      learningRate: this.#options.optimizer.learningRate,
      imagesPerSecond: this.#clock.images / seconds,
      secondsLeft: (seconds / this.#clock.steps) * (this.steps - this.step),
    };
  }

  async #endEpoch(): Promise<void> {
    await this.#loader.next(); // Closes the epoch, so that a checkpoint from here begins the next one.
    this.epoch += 1;
    if (this.#options.scheduleEvery !== "step") this.stepSchedules();
    const { evalData } = this.#options;
    if (evalData) {
      await this.#readLosses();
      const { metrics } = await this.test(evalData);
      const evalMetrics = Object.fromEntries(Object.entries(metrics).map(([name, { mean }]) => [name, mean]));
      const entry: HistoryEntry = { step: this.step, epoch: this.epoch, evalMetrics };
      this.history.push(entry);
      this.#options.onEvaluation?.(entry);
      if (this.#earlyStopping.update(evalMetrics)) this.#stopped = true;
    }
    if (this.#options.historyPath) await writeHistory(this.#options.historyPath, this.history);
  }

  /** Writes history and checkpoint to the paths of the options, if there are any. */
  async #saveAll(): Promise<void> {
    await this.#readLosses();
    if (this.#options.historyPath) await writeHistory(this.#options.historyPath, this.history);
    if (this.#options.checkpoint) await this.save(this.#options.checkpoint.path);
  }

  /** A gradient can make weights NaN or infinite while the losses are still finite: such weights are not written. */
  async #checkWeights(): Promise<void> {
    if (await allFinite(this.#options.model.parameters())) return;
    throw this.#nonFiniteError(
      `a weight is not finite after step ${this.step} (its gradient is NaN or infinite, though the losses are not)`,
    );
  }

  #nonFiniteError(what: string): AdjointError {
    this.#stopped = true;
    const last = this.#lastCheckpoint;
    const advice = last ? `the last good checkpoint is ${last.path} (step ${last.step})` : "no checkpoint was written";
    return new AdjointError(
      `Trainer: ${what}; ${advice}. A lower learning rate or gradClip may help.`,
      "non_finite_loss",
    );
  }
}
