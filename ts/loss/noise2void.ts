import type { Metric } from "../metric/index.js";
import { checkModel, type Reconstructor } from "../nn/index.js";
import type { RandomSource } from "../random/index.js";
import { ArgumentError, checkNumber } from "../runtime/index.js";
import { freeOnError, type Tensor } from "../tensor/index.js";
import type { ArgsOf } from "./args.js";
import { metricOption } from "./metric-option.js";
import { NamedLoss } from "./named-loss.js";
import { Noise2VoidModel } from "./noise2void-model.js";
import { number, type OptionReader, type OptionReaders, randomStream, readOptions, word } from "./options.js";
import { errorWithin } from "./splitting-masks.js";

/** Options of {@link Noise2VoidLoss}. */
export interface Noise2VoidLossOptions {
  /** Compares the prediction and the measurement at the spots. Default: mean squared error. */
  metric?: Metric;
  /** Share of the pixels that are predicted in a step, above 0 and at most 0.25. Default: 0.002. */
  rate?: number;
  /** Side of the window from which a hidden pixel gets its new value: an odd number from 3 to 15. Default: 11. */
  window?: number;
  /**
   * The new value: that of a pixel drawn from the window (Noise2Void), or the median of the window (N2V2).
   * Default: `"uniform"`.
   */
  replacement?: "uniform" | "median";
  /**
   * For noise that is correlated along an axis: the pixels beside a spot are hidden with it, along its row, its column,
   * or in a square around it. Default: `"none"`.
   */
  structAxis?: "none" | "horizontal" | "vertical" | "both";
  /**
   * How many pixels are hidden along that axis: an odd number from 3 to 15, twice the reach of the correlation plus 1.
   * Without effect with `structAxis: "none"`. Default: 5.
   */
  structSpan?: number;
  /** Random stream, unless a call brings its own. */
  rng?: RandomSource;
}

/** An odd number of pixels. */
const odd =
  (fallback: number): OptionReader<number> =>
  (value, name, key) => {
    const side = checkNumber(name, key, value ?? fallback, { integer: true, min: 3, max: 15 });
    if (side % 2 === 1) return side;
    throw new ArgumentError(
      `${name}: ${key} is ${side}, expected an odd number, which has a pixel in the middle; use ${side + 1}.`,
      "invalid_argument",
    );
  };

const OPTIONS = {
  metric: metricOption,
  rate: number(0.002, { positive: true, max: 0.25 }),
  window: odd(11),
  replacement: word<"uniform" | "median">(["uniform", "median"], "uniform"),
  structAxis: word<"none" | "horizontal" | "vertical" | "both">(["none", "horizontal", "vertical", "both"], "none"),
  structSpan: odd(5),
  rng: randomStream,
} satisfies OptionReaders<Noise2VoidLossOptions>;

/**
 * Noise2Void: hides some pixels from the network, which predicts them from those around (Krull, Buchholz, Jug,
 * "Noise2Void - Learning denoising from single noisy images", 2019, arXiv:1811.10980).
 *
 * `metric(M R(h(y)), M y) / mean(M)`: M is 1 at random spots and 0 elsewhere, and h gives each spot the value of a
 * pixel nearby that is not hidden, or the median of these (N2V2: Hoeck, Buchholz, Brachmann, Jug, Freytag, 2022,
 * arXiv:2211.08512).
 * The prediction of a spot does not depend on the spot. For noise of zero mean that is independent between pixels, the
 * mean of the squared error version is therefore `|M (R(h(y)) - x)|^2 / m` plus the variance of the noise, m being the
 * number of spots. Where the noise is correlated, `structAxis` hides the neighbours with it (Broaddus, Krull, Weigert,
 * Schmidt, Myers, "Removing structured noise with self-supervised blind-spot networks", 2020,
 * doi:10.1109/ISBI45749.2020.9098336): the same holds if the noise of a spot is independent of all that is not hidden.
 *
 * In evaluation nothing is hidden: the network sees the whole of y. All channels of a pixel are hidden together.
 * Measurements `[B, C, H, W]`; on small images choose a larger `rate`.
 *
 * The model must be adapted: `model = loss.adaptModel(model)`, and xNet made with `updateParameters: true`.
 *
 * @returns shape `[B]` for a metric that keeps the batch.
 */
export class Noise2VoidLoss extends NamedLoss<"Noise2VoidLoss"> {
  readonly metric: Metric;
  readonly rate: number;
  readonly window: number;
  readonly replacement: "uniform" | "median";
  readonly structAxis: "none" | "horizontal" | "vertical" | "both";
  readonly structSpan: number;
  readonly #rng: RandomSource | undefined;

  /** @throws ArgumentError `unknown_option` or `invalid_argument`. */
  constructor(options: Noise2VoidLossOptions = {}) {
    super("Noise2VoidLoss");
    const values = readOptions(this.name, options, OPTIONS);
    this.metric = values.metric;
    this.rate = values.rate;
    this.window = values.window;
    this.replacement = values.replacement;
    this.structAxis = values.structAxis;
    this.structSpan = values.structSpan;
    this.#rng = values.rng;
    const sides = { none: 0, horizontal: 1, vertical: 1, both: 2 }[this.structAxis];
    const hidden = this.rate * this.structSpan ** sides;
    if (hidden > 0.5) {
      throw new ArgumentError(
        `${this.name}: a rate of ${this.rate} with a structSpan of ${this.structSpan} hides ` +
          `${Math.round(100 * hidden)} % of the pixels, expected at most 50 %; use a rate of ` +
          `${Number((0.5 / this.structSpan ** sides).toPrecision(2))} or less.`,
        "invalid_argument",
      );
    }
  }

  forward(args: ArgsOf<"Noise2VoidLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      const { xNet, y } = args;
      const spots = this.adapted(args.model, Noise2VoidModel).spots();
      this.sameShape(spots, "the stored mask of hidden pixels", y, "y");
      this.sameShape(xNet, "xNet", y, "y");
      return errorWithin(this.name, this.metric, spots, xNet, y);
    });
  }

  /** The model that hides pixels of its input in training; an adapted model is returned unchanged. */
  override adaptModel(model: Reconstructor): Noise2VoidModel {
    checkModel(this.name, "model", model);
    if (model instanceof Noise2VoidModel) return model;
    const { rate, window, replacement, structAxis, structSpan } = this;
    return new Noise2VoidModel(model, { rate, window, replacement, structAxis, structSpan, rng: this.#rng });
  }
}
