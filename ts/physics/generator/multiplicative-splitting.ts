import type { RandomSource } from "../../random/index.js";
import { ArgumentError, ShapeError } from "../../runtime/index.js";
import { checkImgSize } from "../argument-checks.js";
import { PhysicsGenerator, type GeneratedParameters, type GeneratorOptions, type StepOptions } from "./generator.js";

/** Options of {@link MultiplicativeSplittingMaskGenerator}. */
export interface MultiplicativeSplittingMaskGeneratorOptions extends GeneratorOptions {
  /** Size of the masks without the batch, `[C, H, W]` or `[C, T, H, W]`. */
  imgSize: readonly number[];
  /** Generator of the second mask, usually of the kind of the measurements' masks, such as `GaussianMaskGenerator`. */
  splitGenerator: PhysicsGenerator;
}

/**
 * Splitting masks by a second undersampling: `inputMask * mask` with a mask of `splitGenerator`, or `mask` without
 * `inputMask`; for `loss.mri.WeightedSplittingLoss`.
 *
 * Unlike other splitting generators it may keep all measured entries, as the loss needs independent masks. `step` gives
 * `{ mask }`. Paper: Millard, Chiew, "A theoretical framework for self-supervised MR image reconstruction using
 * sub-sampling via variable density Noisier2Noise", 2023, arXiv:2205.10278.
 */
export class MultiplicativeSplittingMaskGenerator extends PhysicsGenerator {
  /** Size of the masks without the batch. */
  readonly imgSize: readonly number[];
  /** Generator of the second mask. */
  readonly splitGenerator: PhysicsGenerator;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: MultiplicativeSplittingMaskGeneratorOptions) {
    const name = "MultiplicativeSplittingMaskGenerator";
    super(name, options, ["imgSize", "splitGenerator"]);
    this.imgSize = checkImgSize(name, options?.imgSize);
    if (!(options.splitGenerator instanceof PhysicsGenerator)) {
      throw new ArgumentError(
        `${name}: splitGenerator must be a generator of masks, such as ` +
          "new GaussianMaskGenerator({ imgSize, acceleration: 2 }).",
        "invalid_argument",
      );
    }
    this.splitGenerator = options.splitGenerator;
  }

  protected override draw(batchSize: number, _rng: RandomSource, call: Omit<StepOptions, "seed">): GeneratedParameters {
    const { inputMask, imgSize } = call;
    const rng = call.rng ?? this.rng;
    const own = rng ? { rng } : {};
    const shape = inputMask && inputMask.size > 1 ? inputMask.shape : undefined;
    const batched = shape && shape.length > this.imgSize.length && (shape[0] as number) > 1;
    const { mask } = this.splitGenerator.step(batched ? (shape[0] as number) : batchSize, {
      ...own,
      ...(shape ? { imgSize: shape.slice(-2) } : imgSize ? { imgSize } : {}),
    });
    if (!mask)
      throw new ArgumentError(
        `${this.className}.step: splitGenerator gives no "mask"; use a generator of masks.`,
        "invalid_argument",
      );
    if (!inputMask || !shape) return { mask };
    const offset = mask.shape.length - shape.length;
    if (offset < 0 || !shape.every((n, i) => n === 1 || mask.shape[offset + i] === 1 || n === mask.shape[offset + i])) {
      throw new ShapeError(
        `${this.className}.step: inputMask has shape [${shape.join(", ")}], which does not fit the masks of ` +
          `splitGenerator, of shape [${mask.shape.join(", ")}].`,
        "shape_mismatch",
      );
    }
    const measured = inputMask.ne(0).to(inputMask.dtype);
    return { mask: measured.mul(mask.to(inputMask.dtype).to(inputMask.device)) };
  }
}
