import { centredFft, magnitude } from "../functional/index.js";
import { checkFlag, ShapeError, checkOptionsObject, checkOptions } from "../runtime/index.js";
import { ones, type Tensor, checkTensor, freeOnError } from "../tensor/index.js";
import { checkBroadcast, checkImgSize, checkRank } from "./argument-checks.js";
import { DecomposablePhysics, SMALLEST_WEIGHT } from "./decomposable.js";
import { complexMask } from "./functional/mri.js";
import type { LinearOptions } from "./linear.js";
import type { NoiseModel, ZeroNoise } from "./noise/index.js";

/** Options of {@link MRI}. */
export interface MRIOptions<N extends NoiseModel = NoiseModel> extends LinearOptions<N> {
  /** Sampling mask in k-space, `[H, W]`, `[C, H, W]` or `[B, C, H, W]` with one or two channels. Default: ones. */
  mask?: Tensor;
  /**
   * Size of the images for a mask of ones, where no mask is given; the last two entries are used, with `threeD` three.
   * Default: [320, 320].
   */
  imgSize?: readonly number[];
  /** Whether images are volumes `[B, 2, D, H, W]`. Default: false. */
  threeD?: boolean;
}

/**
 * Single-coil accelerated magnetic resonance imaging, `y = mask * F x` with the centred orthonormal Fourier transform
 * `F`.
 *
 * Images and measurements are `[B, 2, H, W]`; the channels are real and imaginary part. Frequencies that are not
 * sampled have no noise.
 */
export class MRI<N extends NoiseModel = ZeroNoise> extends DecomposablePhysics<N, "mri"> {
  protected static override readonly optionKeys: readonly string[] = ["mask", "threeD"];
  override readonly operator = "mri" as const;
  /** Whether images are volumes. */
  readonly threeD: boolean;
  declare mask: Tensor;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`, `empty_mask`; ShapeError `shape_mismatch`. */
  constructor(options: MRIOptions<N> = {}) {
    checkOptionsObject(new.target.name, options);
    const { mask, threeD, imgSize, ...rest } = options;
    super(rest);
    this.threeD = checkFlag("MRI", "threeD", threeD, false);
    const size = checkImgSize("MRI", imgSize ?? [320, 320]);
    this.mask = freeOnError(() =>
      complexMask("MRI", mask ?? ones(size.slice(this.threeD ? -3 : -2)), this.threeD ? 5 : 4),
    );
  }

  /** The weights of a mask are given, not computed: each but 0 is inverted. */
  protected override smallestSingularValue(): number {
    return SMALLEST_WEIGHT;
  }

  protected override check(caller: string, name: string, value: Tensor): void {
    const rank = this.threeD ? 5 : 4;
    checkRank(caller, name, value);
    if (value.shape.length !== rank || value.shape[1] !== 2) {
      throw new ShapeError(
        `${caller}: ${name} has shape [${value.shape.join(", ")}], expected ` +
          `[batch, 2, ${this.threeD ? "depth, " : ""}height, width] with real and imaginary part in dimension 1.`,
        "shape_mismatch",
      );
    }
    checkBroadcast(
      `${caller}: ${name}`,
      "the mask",
      this.mask.shape,
      value.shape,
      "use images of the mask's size, or set another mask with update({ mask })",
    );
  }

  protected override checkMask(mask: Tensor): Tensor {
    return complexMask("MRI", mask, this.threeD ? 5 : 4);
  }

  /** The centred Fourier transform without the mask: image to k-space. */
  override VAdjoint(x: Tensor): Tensor {
    return freeOnError(() => {
      checkTensor(`${this.className}.VAdjoint`, "x", x);
      return centredFft(x, spatialDims(this.threeD));
    });
  }

  /** The inverse of {@link VAdjoint}: k-space to image. */
  override V(s: Tensor): Tensor {
    return freeOnError(() => {
      checkTensor(`${this.className}.V`, "s", s);
      return centredFft(s, spatialDims(this.threeD), { inverse: true });
    });
  }

  /** The zero-filled reconstruction `F^T (mask * y)`; with `mag: true` its magnitude, `[B, 1, H, W]`. */
  override AAdjoint(y: Tensor, options: { mag?: boolean } = {}): Tensor {
    const caller = `${this.className}.AAdjoint`;
    checkTensor(caller, "y", y);
    checkOptions(caller, options, ["mag"]);
    const mag = checkFlag(caller, "mag", options.mag, false);
    return freeOnError(() => {
      const x = super.AAdjoint(y);
      return mag ? magnitude(x) : x;
    });
  }
}

/** The dimensions of images `[B, 2, (D,) H, W]` that are transformed. */
function spatialDims(threeD: boolean): number[] {
  return threeD ? [2, 3, 4] : [2, 3];
}
