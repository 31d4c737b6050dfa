import type { DataLoader, Dataset, Measurement } from "../data/index.js";
import type { LossArgs } from "../loss/index.js";
import type { Reconstructor, StateDict } from "../nn/index.js";
import { type RandomSource, Rng } from "../random/index.js";
import { AdjointError, ArgumentError } from "../runtime/index.js";
import { disposeState, saveState } from "./checkpoint.js";
import type { TestResult } from "./evaluate.js";
import { Evaluation } from "./evaluation.js";
import { yieldToEventLoop } from "./event-loop.js";
import { type HistoryEntry, HistoryFile } from "./history.js";
import { Logging } from "./logging.js";
import type { TrainOptions } from "./option-groups.js";
import { filesOf, optionsOfRank, signalOf, withFiles } from "./options-of-rank.js";
import type { AnyPhysics, Examples, LossesOption, OneOrMore, TrainerOptions, WeightedLoss } from "./options.js";
import { stepOnNext } from "./own-step.js";
import type { PairedOptions } from "./pairing.js";
import { Ranks } from "./ranks.js";
import type { ReportFigure } from "./report.js";
import { Reporting } from "./reporting.js";
import { ResultWeights } from "./result-weights.js";
import { settingsOf } from "./settings.js";
import { SharedSteps } from "./shared-step.js";
import { lossPlan, stepOn, type StepPlan } from "./step-plan.js";
import { trainingFigures } from "./training-figures.js";
import { checkedState, loadTrainerState, type TrainerState } from "./trainer-state.js";
import { TrainingData } from "./training-data.js";

/**
 * Trains a reconstruction network, with or without ground truth, depending on what the losses need.
 *
 * On the CPU, a run with the same seed and data is bit-identical, even if it was stopped and resumed in between. Losses
 * are read back only every `readEvery` steps, so that the device does not wait for JavaScript. docs/training.md
 * explains every option.
 */
export class Trainer<
  const L extends LossesOption = LossesOption,
  const P extends OneOrMore<AnyPhysics> = OneOrMore<AnyPhysics>,
  const D extends OneOrMore<Examples> = OneOrMore<Examples>,
  M extends Reconstructor = Reconstructor,
> {
  /** Steps done. */
  step = 0;
  /** Epochs finished. */
  epoch = 0;
  /** Losses and metrics so far. */
  history: HistoryEntry[] = [];
  /** The trained model: `options.model` as adapted by the losses (of the first data set); both share their weights. */
  readonly model: Reconstructor;
  readonly #options: TrainerOptions;
  readonly #losses: readonly WeightedLoss[];
  readonly #data: TrainingData;
  readonly #ranks: Ranks;
  /** Steps with a group. */
  readonly #shared: SharedSteps | undefined;
  readonly #evaluation: Evaluation;
  readonly #result: ResultWeights;
  readonly #logging: Logging;
  readonly #readEvery: number;
  readonly #reporting: Reporting;
  readonly #historyFile: HistoryFile | undefined;
  #rng: RandomSource;
  #evalRng: string;
  #prepared = false;
  #running = false;
  #stopped = false;
  /** The number of the epoch that an evaluation is due for. */
  #due: number | null = null;

  /**
   * @throws ArgumentError `unknown_option`, `missing_argument`, `invalid_argument`, `empty_data`;
   * `incompatible_physics` where a loss does not take the physics; `model_not_adapted`. DTypeError `dtype_mismatch`.
   */
  constructor(given: PairedOptions<L, P, D, M>) {
    const options = optionsOfRank(given as TrainerOptions);
    this.#options = options;
    this.#ranks = new Ranks(options.group);
    this.#readEvery = options.readEvery ?? 10;
    this.#rng = options.rng ?? Rng.fromEntropy();
    // A separate stream: how often the model is evaluated does not change the training.
    this.#evalRng = this.#rng.fork().state();
    this.#data = new TrainingData(options, this.#rng, Rng.from(this.#evalRng).fork());
    const { sources } = this.#data;
    this.model = (sources[0] as (typeof sources)[number]).model;
    this.#losses = [...new Set(sources.map(({ losses }) => losses))].flat();
    this.#evaluation = new Evaluation(options, sources, this.#ranks);
    this.#result = new ResultWeights(options);
    this.#logging = new Logging(options.loggers);
    this.#reporting = new Reporting(options, this.#logging, this.#ranks);
    this.#shared = options.group && new SharedSteps(options.group, this.#ranks, this.#data, options);
    this.#historyFile = options.historyPath === undefined ? undefined : new HistoryFile(options.historyPath);
  }

  /** Steps of the whole training. */
  get steps(): number {
    const { maxSteps = Infinity, epochs = 1, accumulate = 1 } = this.#options;
    return Math.min(maxSteps, epochs * Math.ceil(this.#data.length / accumulate));
  }

  /** The best evaluation so far, with `best` or `earlyStop`: its value, what was measured, and when. */
  get best(): ResultWeights["best"] {
    return this.#result.best;
  }

  /**
   * Trains until the last step, an early stop or an abort, and returns the history.
   *
   * The model then has the best weights (with `earlyStop` or `best`), otherwise the averaged ones (with `ema`),
   * otherwise those of the last step.
   *
   * @throws AdjointError `non_finite_loss` where a loss or a weight is NaN or infinite; the message names it, the step
   * and the last good checkpoint; `non_finite_evaluation`. ArgumentError `already_training`; `file_locked` where
   * another training writes one of the files; `file_unwritable`. When aborted, the signal's reason. Errors of datasets,
   * callbacks and loggers.
   */
  async train(options: TrainOptions = {}): Promise<HistoryEntry[]> {
    const signal = signalOf(options);
    this.#begin();
    const files = [...filesOf(this.#options), ...this.#logging.lockedFiles];
    try {
      return await withFiles(files, async () => await this.#train(signal));
    } catch (error) {
      throw this.#ranks.fail(error, this.#reporting.explained(error));
    } finally {
      this.#running = false;
    }
  }

  async #train(signal: AbortSignal | undefined): Promise<HistoryEntry[]> {
    const errors: unknown[] = [];
    try {
      await this.#ranks.agreed(() => this.#prepare());
      this.#result.continue();
      await this.#ranks.start(signal);
      if (this.#shared) await this.#takeStateOfFirst();
      this.#reporting.start();
      await this.#ranks.agreed(() => this.#logging.start(this.step, settingsOf(this.#options, this.steps)));
      await this.#run(signal);
      await this.#saveAll();
      this.#result.finish();
    } catch (error) {
      errors.push(error);
      if (error instanceof AdjointError && error.code === "non_finite_loss") this.#stopped = true;
    }
    this.#reporting.dispose();
    this.#data.dispose();
    await this.#logging.close().catch((error: unknown) => errors.push(error));
    if (errors.length > 0) throw errors[0];
    return this.history;
  }

  /** Measures the model on data with ground truth: the metrics of the reconstruction, measurement and baselines. */
  async test(data: Dataset<Measurement> | DataLoader<Measurement>): Promise<TestResult> {
    return await this.#result.evaluated(async () => await this.#evaluation.test(data, Rng.from(this.#evalRng)));
  }

  /** A copy of the weights after the last step, whatever `train` gave to the model; the caller frees it. */
  lastWeights(): StateDict {
    return this.#result.last();
  }

  /** Pictures of the first image of `evalData` over this run, else of the first of `trainData`, for a report. */
  async figures(): Promise<ReportFigure[]> {
    const { pictures } = this.#evaluation;
    if (pictures.isEmpty) return await trainingFigures(this.#data, this.step, Rng.from(this.#evalRng));
    return await pictures.figures();
  }

  /**
   * Writes a checkpoint, atomically. Losses are read first: a state with a non-finite loss or weight is never written.
   *
   * @throws AdjointError `non_finite_loss`. ArgumentError `file_unwritable`, with the last good checkpoint.
   */
  async save(path: string): Promise<void> {
    await this.#readLosses();
    await this.#ranks.agreed(async () => {
      await this.#reporting.checkWeights(this.#options.model, this.step);
      if (!this.#ranks.first) return;
      const state = this.#state();
      await this.#reporting.explaining(saveState(path, state)).finally(() => disposeState(state));
    });
    this.#reporting.lastCheckpoint = { path, step: this.step };
  }

  /**
   * Restores a checkpoint: weights, optimiser, schedule, losses, random streams, position in the data and history.
   * `train()` then continues exactly as the run that wrote it would have. After an error nothing is changed.
   *
   * @throws ArgumentError `file_not_found`, `invalid_argument` where the number of losses or data sets differs,
   * `already_training`.
   * @throws FormatError `checkpoint_invalid` or `safetensors_...`; the model's errors where weights do not fit.
   */
  async resume(path: string): Promise<void> {
    this.#begin();
    try {
      await this.#prepare();
      const state = await loadTrainerState(path, this.#data.expected(this.#losses.length));
      const before = this.#state();
      const [rng, finished] = [this.#rng, this.#result.finished];
      try {
        this.#result.check(state.result, path);
        await this.#load(state, path);
        this.#reporting.lastCheckpoint = { path, step: state.step };
      } catch (error) {
        await this.#load(before, path, rng);
        if (finished) this.#result.finish();
        throw error;
      } finally {
        disposeState(state);
        disposeState(before);
      }
    } finally {
      this.#running = false;
    }
  }

  /** Frees the best and averaged weights. The model and the optimiser are the caller's. */
  dispose(): void {
    this.#result.dispose();
  }

  /** How a step is made. */
  protected stepPlan(): StepPlan {
    return lossPlan(this.#options);
  }

  /** Advances the learning-rate schedules. */
  protected stepSchedules(): void {
    this.#options.schedule?.step();
  }

  /** Further arguments of the losses in an evaluation. */
  protected evaluationArgs(): Partial<LossArgs> {
    return {};
  }

  /** What a subclass adds to a checkpoint: plain data and tensors, which are freed once the file is written. */
  protected extraState(): unknown {
    return null;
  }

  /** Restores an {@link extraState}; its tensors are freed afterwards. Throws where it is not one of this trainer. */
  protected loadExtraState(_state: unknown, _path: string): void {}

  #begin(): void {
    if (this.#running) {
      throw new ArgumentError(
        "Trainer: a training or resume of this Trainer is running; await it, or make another Trainer.",
        "already_training",
      );
    }
    this.#running = true;
  }

  /** Looks at the data, once. */
  async #prepare(): Promise<void> {
    if (this.#prepared) return;
    await this.#data.prepare();
    this.#result.prepare(await this.#evaluation.prepare());
    this.#prepared = true;
  }

  async #run(signal: AbortSignal | undefined): Promise<void> {
    const checkpointEvery = this.#options.checkpoint?.every ?? 500;
    while (this.#due !== null || (this.step < this.steps && !this.#stopped)) {
      if (this.#ranks.isInterrupted(signal)) {
        await this.#saveAll();
        throw this.#ranks.interruption(signal);
      }
      if (this.#due !== null) {
        await this.#evaluate(this.#due, signal);
        continue;
      }
      if (!(await this.#trainOnNext(signal))) {
        await this.#data.endEpoch();
        continue;
      }
      if (this.#options.scheduleEvery === "step") this.stepSchedules();
      if (this.step % this.#readEvery === 0 || this.step === this.steps) await this.#readLosses();
      const lossEpoch = this.epoch;
      const epochEnds = this.#data.atEnd;
      if (epochEnds) await this.#endEpoch();
      if (this.#evaluation.isDue(this.step, this.epoch, epochEnds)) await this.#evaluate(lossEpoch, signal);
      if (epochEnds) await this.#writeHistory();
      if (this.step % checkpointEvery === 0 && this.step < this.steps) await this.#saveAll();
      await yieldToEventLoop();
    }
  }

  /** One step on the next batches; false where the epoch has none left. */
  async #trainOnNext(signal: AbortSignal | undefined): Promise<boolean> {
    const { optimizer, gradClip, accumulate = 1 } = this.#options;
    const readNext = (this.step + 1) % this.#readEvery === 0 || this.step + 1 === this.steps;
    const metric = readNext ? this.#evaluation.metrics[0] : undefined;
    const context = { optimizer, rng: this.#rng, epoch: this.epoch, gradClip, metric };
    const plan = this.stepPlan();
    const done = this.#shared
      ? await this.#shared.step(context, plan, signal)
      : await stepOnNext(this.#data, accumulate, (batches) => stepOn(batches, context, plan));
    if (!done) return false;
    this.step += 1;
    this.#reporting.add(this.step, done.reports, done.images);
    this.#result.afterStep();
    return true;
  }

  async #readLosses(): Promise<void> {
    const { step, steps, epoch } = this;
    await this.#ranks.agreed(() => this.#data.check());
    await this.#reporting.read({ step, steps, epoch }, this.history, this.#evaluation.metrics[0]?.name);
  }

  async #endEpoch(): Promise<void> {
    // So that a checkpoint from here begins the next one.
    await this.#data.endEpoch();
    this.epoch += 1;
    if (this.#options.scheduleEvery !== "step") this.stepSchedules();
  }

  /** Evaluates; aborted before its end, the evaluation stays due, also in a checkpoint. */
  async #evaluate(lossEpoch: number, signal: AbortSignal | undefined): Promise<void> {
    this.#due = lossEpoch;
    await this.#readLosses();
    const { step, epoch } = this;
    const more = this.evaluationArgs();
    await this.#result.evaluated(async () => {
      const context = { step, epoch, lossEpoch, rng: this.#evalRng, more, signal };
      const entry = await this.#evaluation.run(context);
      if (!entry) return void this.#ranks.interrupt();
      this.#due = null;
      this.history.push(entry);
      await this.#ranks.agreed(async () => {
        await this.#logging.evaluation(entry, () => this.#evaluation.pictures.latest());
        if (await this.#result.judge(entry)) this.#stopped = true;
        await this.#options.onEvaluation?.(entry);
      });
    });
  }

  /** Writes history and checkpoint to the paths of the options, if there are any. */
  async #saveAll(): Promise<void> {
    await this.#readLosses();
    await this.#writeHistory();
    if (this.#options.checkpoint) await this.save(this.#options.checkpoint.path);
  }

  async #writeHistory(): Promise<void> {
    await this.#ranks.agreed(async () => await this.#historyFile?.write(this.history));
  }

  /** Makes the state of every rank that of the first: weights, streams, place in the data, history. */
  async #takeStateOfFirst(): Promise<void> {
    const own = this.#state();
    const state = await this.#ranks.fromFirst(() => own);
    try {
      await this.#load(checkedState(state, "rank 0", this.#data.expected(this.#losses.length)), "rank 0");
    } finally {
      disposeState(own);
      disposeState(state);
    }
  }

  #state(): TrainerState {
    const { step, epoch, history } = this;
    return {
      step,
      epoch,
      model: this.#result.last(),
      optimizer: this.#options.optimizer.stateDict(),
      schedule: this.#options.schedule?.stateDict() ?? null,
      losses: this.#losses.map(({ loss }) => loss.stateDict()),
      further: this.extraState(),
      rng: this.#rng.state(),
      evalRng: this.#evalRng,
      data: this.#data.state(),
      history,
      result: this.#result.state(),
      stopped: this.#stopped,
      due: this.#due,
    };
  }

  async #load(state: TrainerState, path: string, rng: RandomSource = Rng.from(state.rng)): Promise<void> {
    Rng.from(state.evalRng);
    this.loadExtraState(state.further ?? null, path);
    this.#options.model.loadStateDict(state.model);
    this.#options.optimizer.loadStateDict(state.optimizer);
    if (state.schedule !== null) this.#options.schedule?.loadStateDict(state.schedule);
    for (const [index, { loss }] of this.#losses.entries()) loss.loadStateDict(state.losses[index] ?? {});
    await this.#data.loadState(state.data);
    this.#result.loadState(state.result);
    this.#rng = rng;
    this.#evalRng = state.evalRng;
    this.step = state.step;
    this.epoch = state.epoch;
    this.history = [...state.history];
    this.#stopped = state.stopped;
    this.#due = state.due;
    this.#reporting.dispose();
  }
}
