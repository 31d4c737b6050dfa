import { meanPerImage } from "../functional/index.js";
import type { Metric } from "../metric/index.js";
import { checkModel, type Reconstructor } from "../nn/index.js";
import { Adam } from "../optim/index.js";
import type { RandomSource } from "../random/index.js";
import { ArgumentError, checkObject, LARGEST } from "../runtime/index.js";
import { freeOnError, grad, tensor, tidy, type Tensor } from "../tensor/index.js";
import type { ArgsOf } from "./args.js";
import { LearningToRecorruptModel } from "./learning-to-recorrupt-model.js";
import { metricOption } from "./metric-option.js";
import { NamedLoss } from "./named-loss.js";
import { number, type OptionReader, type OptionReaders, randomStream, readOptions } from "./options.js";
import { Recorruptor } from "./recorruptor.js";
import { RecorruptorNet } from "./recorruptor-net.js";

/** Options of {@link LearningToRecorruptLoss}. */
export interface LearningToRecorruptLossOptions {
  /** Compares `A(xNet)` and y. Default: mean squared error. */
  metric?: Metric;
  /** Factor of the noise that the network sees. Default: 0.5. */
  alpha?: number;
  /** Corruptions averaged in evaluation, at most 65536. Default: 5. */
  evalNSamples?: number;
  /** Learning rate of h; Adam moves each of its weights by about as much in a step. Default: 1e-3. */
  recorruptorLr?: number;
  /** The noise h that is learned. Default: `new RecorruptorNet({ multiplicative: true })`. */
  recorruptor?: Recorruptor;
  /** Random stream, unless a call brings its own. */
  rng?: RandomSource;
}

const recorruptorOption: OptionReader<Recorruptor | undefined> = (value, name, key) => {
  if (value === undefined || value instanceof Recorruptor) return value;
  throw new ArgumentError(
    `${name}: ${key} must be a Recorruptor, such as new loss.RecorruptorNet({ kernelSize: 3 }).`,
    "invalid_argument",
  );
};

const OPTIONS = {
  metric: metricOption,
  alpha: number(0.5, { positive: true }),
  evalNSamples: number(5, { integer: true, min: 1, max: LARGEST.batch }),
  recorruptorLr: number(1e-3, { min: 0 }),
  recorruptor: recorruptorOption,
  rng: randomStream,
} satisfies OptionReaders<LearningToRecorruptLossOptions>;

/**
 * Learning to recorrupt: corrupts y by noise that is learned, for noise of an unknown distribution.
 *
 * `metric(A R(y1), y) + 2 / alpha <A R(y1), h(w, y)> / m`, `y1 = y + alpha h(w, y)`, w standard normal: the network R
 * makes it small, and at each call in training mode a step of Adam on the second term with R fixed makes it large over
 * h (Monroy, Bacca, Tachella, "Learning to recorrupt: noise distribution agnostic self-supervised image denoising",
 * 2026, arXiv:2603.25869).
 *
 * With the mean squared error the mean is `|A R(y1) - A x|^2 / m` plus the variance of the noise where h is distributed
 * as the noise n: for Gaussian noise with any alpha, since `E[n | y1] = E[h | y1] / alpha`; for any other with alpha 1,
 * since n and h may then change places. Over scales `h = s w`, the largest value is where the divergence of R is 0 in
 * the mean, as in UNSURE, see `SureGaussianLoss`.
 *
 * The default h is scaled by `sqrt(y)`; for noise of one level use `new RecorruptorNet()`, and for noise that is
 * correlated over a few pixels `new RecorruptorNet({ kernelSize: 3 })`. Set its `sigma` to a guess of the level.
 *
 * The model must be adapted: `model = loss.adaptModel(model)`, and xNet made with `updateParameters: true`. h is part
 * of the state of the loss, not of the weights of the model.
 *
 * @returns shape `[B]` for a metric that keeps the batch.
 */
export class LearningToRecorruptLoss extends NamedLoss<"LearningToRecorruptLoss"> {
  readonly metric: Metric;
  readonly alpha: number;
  readonly evalNSamples: number;
  readonly recorruptorLr: number;
  /** The noise that is learned. */
  readonly recorruptor: Recorruptor;
  readonly #optimizer: Adam;
  readonly #rng: RandomSource | undefined;

  /** @throws ArgumentError `unknown_option` or `invalid_argument`; `empty_parameters` for an h without weights. */
  constructor(options: LearningToRecorruptLossOptions = {}) {
    super("LearningToRecorruptLoss");
    const values = readOptions(this.name, options, OPTIONS);
    this.metric = values.metric;
    this.alpha = values.alpha;
    this.evalNSamples = values.evalNSamples;
    this.recorruptorLr = values.recorruptorLr;
    this.#rng = values.rng;
    this.recorruptor = values.recorruptor ?? new RecorruptorNet({ multiplicative: true });
    this.#optimizer = new Adam(this.recorruptor.parameters(), { lr: this.recorruptorLr, weightDecay: 1e-6 });
  }

  forward(args: ArgsOf<"LearningToRecorruptLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      const { xNet, y, physics, model } = args;
      const h = this.adapted(model, LearningToRecorruptModel).corruption();
      this.sameShape(h, "the stored corruption", y, "y");
      const measured = physics.A(xNet);
      this.sameShape(measured, "A(xNet)", y, "y");
      const correlation = meanPerImage(measured.mul(h.detach())).mul(2 / this.alpha);
      const value = this.metric.forward(measured, y).add(correlation);
      if (model.training && h.requiresGrad) this.#ascend(measured.detach(), h);
      return value;
    });
  }

  /** A step of h that makes its correlation with the measured reconstruction larger. */
  #ascend(measured: Tensor, h: Tensor): void {
    tidy(() => {
      const descent = measured
        .mul(h)
        .mean()
        .mul(-2 / this.alpha);
      this.#optimizer.step(grad(descent, this.#optimizer.parameters, { allowUnused: true }));
    });
  }

  /** The model that corrupts its input by learned noise; an adapted model is returned unchanged. */
  override adaptModel(model: Reconstructor): LearningToRecorruptModel {
    checkModel(this.name, "model", model);
    if (model instanceof LearningToRecorruptModel) return model;
    const { recorruptor, alpha, evalNSamples } = this;
    return new LearningToRecorruptModel(model, { recorruptor, alpha, evalNSamples, rng: this.#rng });
  }

  /** The weights of h under `recorruptor.`, and the state of their optimiser. */
  override stateDict(): Record<string, Tensor> {
    return freeOnError(() => {
      const { steps, tensors } = this.#optimizer.stateDict();
      return {
        ...prefixed("recorruptor.", this.recorruptor.stateDict() as Record<string, Tensor>),
        ...prefixed("optimizer.", { steps: tensor(steps), ...tensors }),
      };
    });
  }

  /** @throws what `Module.loadStateDict` and `Optimizer.loadStateDict` throw. */
  override loadStateDict(state: Record<string, Tensor>): void {
    checkObject(this.name, "state", state);
    const weights = under("recorruptor.", state);
    if (Object.keys(weights).length === 0) return;
    this.recorruptor.loadStateDict(weights);
    const { steps, ...tensors } = under("optimizer.", state);
    const { kind, learningRate, steps: now } = this.#optimizer.stateDict();
    const taken = steps ? Array.from(steps.dataSync()) : now.map(() => 0);
    this.#optimizer.loadStateDict({ kind, learningRate, steps: taken, tensors });
  }
}

function prefixed(prefix: string, state: Record<string, Tensor>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(state).map(([key, value]) => [prefix + key, value]));
}

/** The entries whose names begin with a prefix, without it. */
function under(prefix: string, state: Record<string, Tensor>): Record<string, Tensor> {
  const own = Object.entries(state).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
}
