import { freeOnError } from "../../tensor/index.js";
import { Phase2PhaseSplittingMaskGenerator } from "../../physics/index.js";
import { ArgumentError } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import type { ArgsOf } from "../args.js";
import { readOptions } from "../options.js";
import { FRAME_OPTIONS, FrameSplitting, type FrameSplittingOptions } from "./frame-splitting.js";

/** Options of {@link Phase2PhaseLoss}. */
export type Phase2PhaseLossOptions = FrameSplittingOptions;

/**
 * Phase2Phase: predicts the odd frames of a sequence from the even ones.
 *
 * `metric(A2 R(y1, A1), y2)` divided by the share of observed entries, where 1 are the even frames (0, 2, ...) of
 * measurements and mask, and 2 the odd ones. For sequences (DynamicMRI, with an even number of frames) or, with
 * `dynamicModel: false`, one image from a sequence of measurements (SequentialMRI): the network sees their average over
 * time, and averages are compared. In evaluation it sees all frames. (Eldeniz, Gan, Chen, Fraum, Ludwig, Yan, Liu,
 * Vahle, Krishnamurthy, Kamilov, An, "Phase2Phase: respiratory motion-resolved reconstruction of free-breathing
 * magnetic resonance imaging using deep learning without a ground truth for improved liver imaging", 2021.)
 *
 * The model must be adapted: `model = loss.adaptModel(model)`, and xNet made with `updateParameters: true`.
 *
 * @returns shape `[B]` for a metric that keeps the batch.
 */
export class Phase2PhaseLoss extends FrameSplitting<"Phase2PhaseLoss"> {
  /** @throws ArgumentError `missing_argument`, `unknown_option`, `invalid_argument` or `empty_split`. */
  constructor(options: Phase2PhaseLossOptions) {
    const name = "Phase2PhaseLoss";
    const values = readOptions(name, options, FRAME_OPTIONS);
    const { imgSize, dynamicModel } = values;
    super(name, values, new Phase2PhaseSplittingMaskGenerator({ imgSize }));
    if (dynamicModel && (imgSize[1] as number) % 2 !== 0) {
      throw new ArgumentError(
        `${name}: imgSize has ${imgSize[1] as number} frames, which do not give as many odd as even ones; drop a ` +
          "frame.",
        "invalid_argument",
      );
    }
  }

  forward(args: ArgsOf<"Phase2PhaseLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      return this.predictionError(args);
    });
  }
}
