import type { Metric } from "../../metric/index.js";
import { timeAverage, type Reconstructor, checkModel } from "../../nn/index.js";
import type { FrameSplittingMaskGenerator } from "../../physics/index.js";
import { resolveRng, type RandomSource } from "../../random/index.js";
import { ArgumentError } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import type { ArgsOf } from "../args.js";
import { metricOption } from "../metric-option.js";
import { NamedLoss } from "../named-loss.js";
import { flag, type OptionReader, type OptionReaders, type OptionValues, randomStream } from "../options.js";
import { fractionOf } from "../splitting-masks.js";
import { FrameSplittingModel, frameSplit } from "./frame-splitting-model.js";

/** Options of the losses that split sequences. */
export interface FrameSplittingOptions {
  /** Size of the sequences without the batch, `[C, T, H, W]`. */
  imgSize: readonly number[];
  /**
   * Whether the network reconstructs sequences `[B, C, T, H, W]`; with false it sees the average over time and
   * reconstructs one image. Default: true.
   */
  dynamicModel?: boolean;
  /** Compares prediction and target. Default: mean squared error. */
  metric?: Metric;
  /**
   * Divides by the share of observed entries in the target frames, so that the value is a mean over what was predicted.
   * With false, divides by the share in all T frames, as deepinv does, which is larger by T over the number of target
   * frames. Default: false.
   */
  exactMean?: boolean;
  /** Random stream, unless a call brings its own. */
  rng?: RandomSource;
}

const sizeOption: OptionReader<readonly number[]> = (value, name, key) => {
  if (value !== undefined) return value as readonly number[];
  throw new ArgumentError(
    `${name}: ${key} is missing; it is the size of the sequences without the batch, [C, T, H, W].`,
    "missing_argument",
  );
};

/** Readers of {@link FrameSplittingOptions}; the mask generator checks the size. */
export const FRAME_OPTIONS = {
  imgSize: sizeOption,
  dynamicModel: flag(true),
  metric: metricOption,
  exactMean: flag(false),
  rng: randomStream,
} satisfies OptionReaders<FrameSplittingOptions>;

/** Names of the losses that split sequences. */
type FrameSplittingName = "Phase2PhaseLoss" | "Artifact2ArtifactLoss";

/** Base class of the losses that predict some frames of a sequence from others. */
export abstract class FrameSplitting<N extends FrameSplittingName> extends NamedLoss<N> {
  readonly metric: Metric;
  readonly dynamicModel: boolean;
  readonly exactMean: boolean;
  /** Chooses the frames. */
  readonly generator: FrameSplittingMaskGenerator;
  readonly #rng: RandomSource | undefined;

  protected constructor(
    name: N,
    { metric, dynamicModel, exactMean, rng }: OptionValues<typeof FRAME_OPTIONS>,
    generator: FrameSplittingMaskGenerator,
  ) {
    super(name);
    this.metric = metric;
    this.dynamicModel = dynamicModel;
    this.exactMean = exactMean;
    this.generator = generator;
    this.#rng = rng;
  }

  /** The error of the target frames. */
  protected predictionError(args: ArgsOf<FrameSplittingName>): Tensor {
    const { xNet, y, physics } = args;
    const model = this.adapted(args.model, FrameSplittingModel);
    const frames = this.generator.target(model.frames(), resolveRng(args.rng, this.#rng));
    const target = frameSplit(this.name, frames, y, physics);
    const observed = target.mask.ne(0).to(y.dtype);
    const share = fractionOf(this.name, observed, "to predict");
    const predicted = target.physics().A(xNet);
    this.sameShape(predicted, "A(xNet), in the target frames,", target.y, "their measurement");
    const value = this.dynamicModel
      ? this.metric.forward(predicted, target.y)
      : this.metric.forward(timeAverage(predicted, observed), timeAverage(target.y, observed));
    const count = (target.y.shape[2] as number) / (y.shape[2] as number);
    return value.div(share.mul(this.exactMean ? 1 : count));
  }

  /** The model whose network sees some of the frames; an adapted model is returned unchanged. */
  override adaptModel(model: Reconstructor): FrameSplittingModel<N> {
    checkModel(this.name, "model", model);
    if (model instanceof FrameSplittingModel) return model as FrameSplittingModel<N>;
    const { generator, dynamicModel } = this;
    return new FrameSplittingModel(model, { adaptedBy: this.name as N, generator, dynamicModel, rng: this.#rng });
  }
}
