import {
  ArgumentError,
  checkFlag,
  checkOptions,
  checkWord,
  ShapeError,
  shown,
  checkText,
  checkList,
} from "../runtime/index.js";
import { checkTensor, Tensor, where, freeOnError } from "../tensor/index.js";
import {
  type NormInputs,
  centerCropImages,
  complexMagnitude,
  normalizeImages,
  standardizeImages,
} from "./preprocess.js";
import { quotient } from "./quotient.js";

/** How the values of a batch are reduced. */
export type Reduction = "mean" | "sum" | "none";

/** Options that every metric takes. */
export interface MetricOptions {
  /** `"mean"` or `"sum"` over the batch; `"none"` or null keeps one value per image. Default: `"none"`. */
  reduction?: Reduction | null;
  /**
   * Normalisation before the comparison, image by image: `"l2"` (each channel divided by its spatial norm),
   * `"min_max"`, `"clip"` (to [0, 1]), `"standardize"` (to mean and standard deviation of the reference), `"none"` or
   * null. Default: `"none"`.
   */
  normInputs?: NormInputs | null;
  /** Takes the complex magnitude of two-channel tensors first. Default: false. */
  complexAbs?: boolean;
  /**
   * For use in a loss: inverts a metric where higher is better, so that it can be minimised, and gives 0 instead of NaN
   * for images that are left out. Default: false.
   */
  trainLoss?: boolean;
  /**
   * Positive: size of the central crop. Zero or negative: width of the border removed. A list applies to the last
   * dimensions. Default: null.
   */
  centerCrop?: number | readonly number[] | null;
}

/** What a metric may need besides the images: where `xNet` comes from. */
export interface MetricContext {
  /** The measurement that was reconstructed: a tensor, or a `TensorList` of stacked physics. */
  readonly y?: object;
  /** The physics that measured it. */
  readonly physics?: object;
  /** The region of interest. */
  readonly mask?: Tensor;
}

const COMMON_KEYS = ["reduction", "normInputs", "complexAbs", "trainLoss", "centerCrop"] as const;
const REDUCTIONS = ["mean", "sum", "none"] as const;
const NORMALISATIONS = ["l2", "min_max", "clip", "standardize", "none"] as const;

/** More names are no list of options. */
const MAX_KEYS = 100;

/**
 * Base class of the metrics: compares a reconstruction with a reference, image by image.
 *
 * A subclass writes `metric(xNet, x)`, which returns one value per image. `forward` does the rest, in this order:
 * complex magnitude, crop, normalisation, metric, reduction, inversion.
 *
 * **Left out.** Some references leave a metric undefined: the relative error of an image of zeros is 0 / 0. The value
 * of such an image is NaN, its gradient is zero, and `reduction` and the means of `train.evaluate` leave it out. With
 * `trainLoss` its value is 0. The reference alone decides, so that the means of two methods are over the same images.
 */
export abstract class Metric {
  /** The class's name, used in messages and reports. */
  readonly name: string;
  /** Whether a smaller value means a better reconstruction. */
  readonly lowerBetter: boolean = true;
  /** Whether the metric compares with a reference; if not, `x` may be missing and is not looked at. */
  readonly needsReference: boolean = true;
  readonly reduction: Reduction;
  readonly normInputs: NormInputs;
  readonly complexAbs: boolean;
  readonly trainLoss: boolean;
  readonly centerCrop: number | readonly number[] | null;

  /**
   * @param name - the subclass's name.
   * @param options - common options, together with the subclass's own.
   * @param ownKeys - the subclass's own option names.
   * @throws ArgumentError `unknown_option` or `invalid_argument`.
   */
  constructor(name: string, options: MetricOptions = {}, ownKeys: readonly string[] = []) {
    checkText(new.target.name, "name", name);
    checkOptions(name, options, [...COMMON_KEYS, ...checkList(name, "ownKeys", ownKeys, MAX_KEYS)]);
    this.name = name;
    this.reduction = checkWord(name, "reduction", options.reduction ?? "none", REDUCTIONS);
    this.normInputs = checkWord(name, "normInputs", options.normInputs ?? "none", NORMALISATIONS);
    this.complexAbs = checkFlag(name, "complexAbs", options.complexAbs, false);
    this.trainLoss = checkFlag(name, "trainLoss", options.trainLoss, false);
    this.centerCrop = options.centerCrop ?? null;
    checkCrop(name, this.centerCrop);
  }

  /**
   * The value of each image: shape `[B]`. Neither reduced over the batch nor inverted. A metric without a reference is
   * given `xNet` in the place of `x`.
   */
  protected abstract metric(xNet: Tensor, x: Tensor, context: MetricContext): Tensor;

  /**
   * 1 for each reference that the metric is defined for, 0 for one that is left out: shape `[B]`; undefined if all are
   * defined. For the others `metric` may give any finite value. Default: undefined.
   *
   * @param _x - the reference, cropped and normalised.
   */
  protected definedFor(_x: Tensor, _context: MetricContext): Tensor | undefined {
    return undefined;
  }

  /** Turns a value where higher is better into one to minimise. Default: its negative. */
  protected invert(value: Tensor): Tensor {
    return value.neg();
  }

  /**
   * Compares reconstructions with references.
   *
   * @param xNet - reconstruction, shape `[B, ...]`.
   * @param x - reference of the same shape; a metric without one (`needsReference` is false) only takes it for
   * `normInputs: "standardize"`.
   * @param context - measurement and physics, for the metrics that need them.
   * @returns shape `[B]`, or a scalar with `reduction` `"mean"` or `"sum"`.
   * @throws ArgumentError `missing_argument`, ShapeError `shape_mismatch`.
   */
  forward(xNet: Tensor, x?: Tensor | null, context: MetricContext | null = {}): Tensor {
    return freeOnError(() => {
      const measured = context ?? {};
      requireImage(this.name, "xNet", xNet, "the reconstruction, model.forward(y, physics)");
      if (!this.needsReference && this.normInputs !== "standardize") {
        const image = this.#preprocess(xNet, xNet)[0];
        return this.#reduce(this.#valuesOf(image, image, measured), undefined);
      }
      requireImage(this.name, "x", x, "the reference image it is compared with");
      if (xNet.shape.length === 0 || xNet.shape.join() !== x.shape.join()) {
        throw new ShapeError(
          `${this.name}: xNet and x must have the same shape [batch, ...], ` +
            `got [${xNet.shape.join(", ")}] and [${x.shape.join(", ")}].`,
          "shape_mismatch",
        );
      }
      const [a, b] = this.#preprocess(xNet, x);
      return this.#reduce(this.#valuesOf(a, b, measured), this.definedFor(b.detach(), measured));
    });
  }

  /**
   * The mean of {@link forward} over the images of a batch, without those that are left out: a scalar, NaN where all
   * are. Where a pixel of `xNet` is not finite nothing is left out. Nothing is read back.
   */
  batchMean(xNet: Tensor, x?: Tensor | null, context: MetricContext = {}): Tensor {
    return freeOnError(() => {
      const value = this.forward(xNet, x, context);
      if (value.shape.length === 0) return value;
      const finite = value.sub(value).eq(0);
      const counted = where(xNet.sub(xNet).eq(0).min(), finite, 1);
      const count = counted.sum();
      return where(count, quotient(where(counted, value, 0).sum(), count), NaN);
    });
  }

  #preprocess(xNet: Tensor, x: Tensor): [Tensor, Tensor] {
    let [a, b] = [xNet, x];
    if (this.complexAbs) [a, b] = [complexMagnitude(a, this.name), complexMagnitude(b, this.name)];
    if (this.centerCrop !== null) {
      [a, b] = [centerCropImages(a, this.centerCrop, this.name), centerCropImages(b, this.centerCrop, this.name)];
    }
    const { normInputs } = this;
    if (normInputs === "standardize") return [standardizeImages(a, b), b];
    return normInputs === "none" ? [a, b] : [normalizeImages(a, normInputs), normalizeImages(b, normInputs)];
  }

  #valuesOf(xNet: Tensor, x: Tensor, context: MetricContext): Tensor {
    return checkTensor(this.name, "what metric returns", this.metric(xNet, x, context));
  }

  #reduce(value: Tensor, defined: Tensor | undefined): Tensor {
    const invert = (t: Tensor) => (this.trainLoss && !this.lowerBetter ? this.invert(t) : t);
    if (!defined) {
      if (this.reduction === "mean") return invert(value.mean());
      return invert(this.reduction === "sum" ? value.sum() : value);
    }
    const nothing = this.trainLoss ? 0 : NaN;
    if (this.reduction === "none") return where(defined, invert(value), nothing);
    const sum = where(defined, value, 0).sum();
    const count = defined.sum();
    return where(count, invert(this.reduction === "sum" ? sum : quotient(sum, count)), nothing);
  }

  /**
   * The sum of two metrics, each with its own options: lower is better where it is for both, and higher where that is.
   *
   * @throws ArgumentError `invalid_argument` where the other is not a metric, or is better in the other direction:
   * `trainLoss: true` inverts one.
   */
  add(other: Metric): Metric {
    if (!(other instanceof Metric))
      throw new ArgumentError(`${this.name}: what is added must be a Metric, such as new MAE().`, "invalid_argument");
    return new SumMetric(this, other);
  }
}

class SumMetric extends Metric {
  override readonly lowerBetter: boolean;
  override readonly needsReference: boolean;
  readonly #first: Metric;
  readonly #second: Metric;

  constructor(first: Metric, second: Metric) {
    super(`${first.name} + ${second.name}`);
    this.lowerBetter = minimised(first);
    if (minimised(second) !== this.lowerBetter) {
      const [lower, higher] = this.lowerBetter ? [first, second] : [second, first];
      throw new ArgumentError(
        `${this.name}: of ${lower.name} lower values are better, of ${higher.name} higher ones, so that their sum ` +
          `tells nothing; give ${higher.name} the option trainLoss: true, which inverts it.`,
        "invalid_argument",
      );
    }
    this.needsReference = first.needsReference || second.needsReference;
    this.#first = first;
    this.#second = second;
  }

  protected metric(xNet: Tensor, x: Tensor, context: MetricContext): Tensor {
    return this.#first.forward(xNet, x, context).add(this.#second.forward(xNet, x, context));
  }
}

/** Whether a smaller value of `forward` means a better reconstruction. */
function minimised({ lowerBetter, trainLoss }: Metric): boolean {
  return lowerBetter || trainLoss;
}

function requireImage(metric: string, name: string, value: unknown, source: string): asserts value is Tensor {
  if (value === undefined || value === null) {
    throw new ArgumentError(`${metric}: ${name} is missing; it is ${source}.`, "missing_argument");
  }
  if (!(value instanceof Tensor)) {
    throw new ArgumentError(`${metric}: ${name} must be a Tensor; it is ${source}.`, "invalid_argument");
  }
}

function checkCrop(metric: string, crop: number | readonly number[] | null): void {
  if (crop === null) return;
  const sizes = typeof crop === "number" ? [crop] : crop;
  const valid =
    Array.isArray(sizes) &&
    sizes.length > 0 &&
    sizes.every(Number.isInteger) &&
    (sizes.every((s) => s > 0) || sizes.every((s) => s <= 0));
  if (!valid) {
    throw new ArgumentError(
      `${metric}: centerCrop must be an integer or a list of integers, all positive or all zero or negative, ` +
        `got ${shown(crop)}.`,
      "invalid_argument",
    );
  }
}
