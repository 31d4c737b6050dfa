import { matching } from "../functional/index.js";
import { ArgumentError, checkFlag, ShapeError, checkNumber, checkOptionsObject } from "../runtime/index.js";
import { resolveRng, type RandomSource } from "../random/index.js";
import { freeOnError, Tensor } from "../tensor/index.js";
import { checkBroadcast, checkImgSize, checkMeasured, checkTensorOption, checkRank } from "./argument-checks.js";
import { DecomposablePhysics, SMALLEST_WEIGHT } from "./decomposable.js";
import type { OperatorKind } from "./kinds.js";
import type { LinearOptions } from "./linear.js";
import type { NoiseModel, ZeroNoise } from "./noise/index.js";

/** Options of {@link Inpainting}. */
export interface InpaintingOptions<N extends NoiseModel = NoiseModel> extends LinearOptions<N> {
  /** Size of the images without the batch, such as `[C, H, W]`. */
  imgSize: readonly number[];
  /**
   * The mask: a tensor that broadcasts to the images, or the probability of each entry of a random mask to be 1.
   * Default: none; `update({ mask })` must set it before the first measurement.
   */
  mask?: Tensor | number;
  /** Whether a random mask is the same for all channels of a pixel. Default: true. */
  pixelwise?: boolean;
}

/**
 * A random mask of shape `[1, ...imgSize]`, whose entries are 1 with probability `p`; with `pixelwise`, the same for
 * all channels.
 */
function drawMask(p: number, imgSize: readonly number[], pixelwise: boolean, rng: RandomSource): Tensor {
  if (!pixelwise || imgSize.length < 2) return rng.bernoulli([1, ...imgSize], p);
  return rng.bernoulli([1, 1, ...imgSize.slice(1)], p).expand([1, ...imgSize]);
}

/**
 * The mask with a batch dimension, of a shape that broadcasts to images of size `imgSize`.
 *
 * @throws ArgumentError `invalid_argument`, `empty_mask`; ShapeError `shape_mismatch`.
 */
function fittingMask(className: string, mask: Tensor, imgSize: readonly number[]): Tensor {
  checkTensorOption(className, "mask", mask, 0);
  checkMeasured(className, mask);
  const rank = imgSize.length;
  // Missing dimensions are leading ones, as in broadcasting.
  const shape = [...Array.from({ length: Math.max(rank + 1 - mask.shape.length, 0) }, () => 1), ...mask.shape];
  if (shape.length !== rank + 1 || !shape.slice(1).every((n, i) => n === 1 || n === imgSize[i])) {
    throw new ShapeError(
      `${className}: mask has shape [${mask.shape.join(", ")}], which does not fit images of size ` +
        `[${imgSize.join(", ")}]; it must broadcast to them, with or without a leading batch dimension.`,
      "shape_mismatch",
    );
  }
  return mask.reshape(shape);
}

/**
 * Inpainting: keeps some entries of the image and sets the others to 0, `y = mask * x + n`.
 *
 * The entries of the mask need not be 0 or 1. The noise `n` has the level of the noise model whatever the weight, and
 * is 0 where the mask is 0. The pseudo-inverse divides by the weights.
 */
export class Inpainting<
  N extends NoiseModel = ZeroNoise,
  O extends OperatorKind = "inpainting",
> extends DecomposablePhysics<N, O> {
  protected static override readonly optionKeys: readonly string[] = ["mask", "pixelwise"];
  override readonly operator: O = "inpainting" as O;
  /** Size of the images without the batch. */
  declare readonly imgSize: readonly number[];

  /**
   * @throws ArgumentError `invalid_argument`, `missing_argument`, `unknown_option`, `empty_mask`; ShapeError
   * `shape_mismatch` for a mask of another size than the images.
   */
  constructor(options: InpaintingOptions<N>) {
    const className = new.target.name;
    checkOptionsObject(new.target.name, options);
    const { mask, pixelwise = true, ...rest } = options;
    if (rest.imgSize === undefined) {
      throw new ArgumentError(
        `${className}: imgSize is missing; pass the size of the images without the batch, such as [1, 32, 32].`,
        "missing_argument",
      );
    }
    const imgSize = checkImgSize(className, rest.imgSize);
    super(rest);
    checkFlag(className, "pixelwise", pixelwise, true);
    if (mask === undefined || mask === null) return;
    this.mask = freeOnError(() => {
      const values =
        mask instanceof Tensor
          ? mask
          : drawMask(
              checkNumber(className, "mask", mask, { min: 0, max: 1 }),
              imgSize,
              pixelwise,
              resolveRng(options.rng),
            );
      return fittingMask(className, values, imgSize);
    });
  }

  protected override values(caller: string, like: Tensor): Tensor {
    if (!this.mask) {
      throw new ArgumentError(
        `${caller}: there is no mask yet; pass mask to the constructor or call update({ mask }).`,
        "missing_argument",
      );
    }
    return matching(this.mask, like);
  }

  /** The weights of a mask are given, not computed: each but 0 is inverted. */
  protected override smallestSingularValue(): number {
    return SMALLEST_WEIGHT;
  }

  protected override check(caller: string, name: string, value: Tensor): void {
    checkRank(caller, name, value, this.imgSize.length + 1);
    const mask = this.mask;
    if (!mask) return;
    checkBroadcast(
      `${caller}: ${name}`,
      "the mask",
      mask.shape,
      value.shape,
      "use images of the mask's size, or set another mask with update({ mask })",
    );
  }

  protected override checkMask(mask: Tensor): Tensor {
    return fittingMask(this.className, mask, this.imgSize);
  }
}
