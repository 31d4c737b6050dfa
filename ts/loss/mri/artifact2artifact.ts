import { freeOnError } from "../../tensor/index.js";
import { Artifact2ArtifactSplittingMaskGenerator } from "../../physics/index.js";
import type { Tensor } from "../../tensor/index.js";
import type { ArgsOf } from "../args.js";
import { type OptionReaders, readOptions, unchecked } from "../options.js";
import { FRAME_OPTIONS, FrameSplitting, type FrameSplittingOptions } from "./frame-splitting.js";

/** Options of {@link Artifact2ArtifactLoss}. */
export interface Artifact2ArtifactLossOptions extends FrameSplittingOptions {
  /**
   * Frames of a chunk; divides T and is at most half of it. Of several values, one is drawn for each batch. Default: 2.
   */
  splitSize?: number | readonly number[];
}

const OPTIONS = {
  ...FRAME_OPTIONS,
  // The mask generator checks it.
  splitSize: unchecked<number | readonly number[] | undefined>(),
} satisfies OptionReaders<Artifact2ArtifactLossOptions>;

/**
 * Artifact2Artifact: predicts a random chunk of consecutive frames from another one.
 *
 * `metric(A2 R(y1, A1), y2)` divided by the share of observed entries, where 1 and 2 are different chunks of
 * `splitSize` frames of measurements and mask, drawn for each image. For sequences (DynamicMRI) or, with `dynamicModel:
 * false`, one image from a sequence of measurements (SequentialMRI): the network sees their average over time, and
 * averages are compared. In evaluation it sees all frames. (Liu, Sun, Eldeniz, Gan, An, Kamilov, "RARE: image
 * reconstruction using deep priors learned without groundtruth", 2020, arXiv:1912.05854.)
 *
 * The model must be adapted: `model = loss.adaptModel(model)`, and xNet made with `updateParameters: true`.
 *
 * @returns shape `[B]` for a metric that keeps the batch.
 */
export class Artifact2ArtifactLoss extends FrameSplitting<"Artifact2ArtifactLoss"> {
  /** @throws ArgumentError `missing_argument`, `unknown_option`, `invalid_argument` or `empty_split`. */
  constructor(options: Artifact2ArtifactLossOptions) {
    const name = "Artifact2ArtifactLoss";
    const { splitSize, ...values } = readOptions(name, options, OPTIONS);
    const { imgSize } = values;
    const size = splitSize === undefined ? {} : { splitSize };
    super(name, values, new Artifact2ArtifactSplittingMaskGenerator({ imgSize, ...size }));
  }

  forward(args: ArgsOf<"Artifact2ArtifactLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      return this.predictionError(args);
    });
  }
}
