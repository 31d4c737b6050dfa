import type { Metric } from "../../metric/index.js";
import { timeAverage, type Reconstructor } from "../../nn/index.js";
import type { FrameSplittingMaskGenerator, NoiseModel, OperatorKind, Physics } from "../../physics/index.js";
import { resolveRng, type RandomSource } from "../../random/index.js";
import { ArgumentError, checkFlag, checkOptions } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import { Loss } from "../loss.js";
import { metricOption } from "../shared.js";
import { shareOf } from "../split.js";
import { FrameSplittingModel, frameSplit } from "./frame-splitting-model.js";

/** Options that the losses of split sequences share. */
export interface FrameSplittingOptions {
  /** Size of the sequences without the batch, `[C, T, H, W]`. */
  imgSize: readonly number[];
  /**
   * Whether the network gives sequences `[B, C, T, H, W]`; with false it sees the average over time and gives one
   * image. Default true.
   */
  dynamicModel?: boolean;
  /** What compares prediction and target. Default: mean squared error. */
  metric?: Metric;
  /**
   * Divides by the share of observed entries in the TARGET frames, so that the value is a mean over what was predicted.
   * Default false: by the share in all T frames, as deepinv does, which is larger by T over the number of target
   * frames.
   */
  exactMean?: boolean;
  rng?: RandomSource;
}

/** Names of {@link FrameSplittingOptions}. */
const FRAME_KEYS = ["imgSize", "dynamicModel", "metric", "exactMean", "rng"] as const;

/**
 * Refuses unknown options, and a missing size of the sequences.
 *
 * @throws ArgumentError `unknown_option` or `missing_argument`.
 */
export function checkFrameOptions(
  name: string,
  options: FrameSplittingOptions | undefined,
  ownKeys: readonly string[] = [],
): void {
  checkOptions(name, options, [...FRAME_KEYS, ...ownKeys]);
  if (options?.imgSize !== undefined) return;
  throw new ArgumentError(
    `${name}: imgSize is missing; it is the size of the sequences without the batch, [C, T, H, W].`,
    "missing_argument",
  );
}

/** Base of the losses that predict some frames of a sequence from others. */
export abstract class FrameSplitting<L extends string> extends Loss {
  readonly metric: Metric;
  readonly dynamicModel: boolean;
  readonly exactMean: boolean;
  /** Chooses the frames. */
  readonly generator: FrameSplittingMaskGenerator;
  private readonly rng: RandomSource | undefined;
  private readonly className: L;

  protected constructor(className: L, options: FrameSplittingOptions, generator: FrameSplittingMaskGenerator) {
    super();
    this.className = className;
    this.metric = metricOption(className, options.metric);
    this.dynamicModel = checkFlag(className, "dynamicModel", options.dynamicModel, true);
    this.exactMean = checkFlag(className, "exactMean", options.exactMean, false);
    this.rng = options.rng;
    this.generator = generator;
  }

  /** The error of the target frames. */
  protected compare(args: {
    xNet: Tensor;
    y: Tensor;
    physics: Physics<NoiseModel, OperatorKind>;
    model: unknown;
    rng?: RandomSource;
  }): Tensor {
    const { xNet, y, physics, model } = args;
    if (!(model instanceof FrameSplittingModel)) {
      throw new ArgumentError(
        `${this.name}: model must be the FrameSplittingModel that adaptModel returns.`,
        "model_not_adapted",
      );
    }
    const frames = this.generator.target(model.frames(), resolveRng(args.rng, this.rng));
    const target = frameSplit(this.name, frames, y, physics);
    const observed = target.mask.ne(0).to(y.dtype);
    const share = shareOf(this.name, observed, "to predict");
    const predicted = target.physics().A(xNet);
    this.sameShape(predicted, "A(xNet), in the target frames,", target.y, "their measurement");
    const value = this.dynamicModel
      ? this.metric.forward(predicted, target.y)
      : this.metric.forward(timeAverage(predicted, observed), timeAverage(target.y, observed));
    const count = (target.y.shape[2] as number) / (y.shape[2] as number);
    return value.div(share.mul(this.exactMean ? 1 : count));
  }

  /** The model whose network sees some of the frames; an adapted model comes back as it is. */
  override adaptModel(model: Reconstructor): FrameSplittingModel<L> {
    if (model instanceof FrameSplittingModel) return model as FrameSplittingModel<L>;
    const { className: adaptedBy, generator, dynamicModel, rng } = this;
    return new FrameSplittingModel(model, { adaptedBy, generator, dynamicModel, rng });
  }
}
