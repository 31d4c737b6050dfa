import { centredFft, magnitude } from "../functional/index.js";
import { ArgumentError, checkOptionsObject, checkOptions, checkFlag } from "../runtime/index.js";
import { ones, type Tensor, checkTensor, freeOnError } from "../tensor/index.js";
import { checkBroadcast, checkImgSize, checkRank } from "./argument-checks.js";
import { DecomposablePhysics, SMALLEST_WEIGHT } from "./decomposable.js";
import { checkComplex, complexMask, unionOfFrames } from "./functional/mri.js";
import type { LinearOptions, LinearPhysics } from "./linear.js";
import { MRI } from "./mri.js";
import type { NoiseModel, ZeroNoise } from "./noise/index.js";

/** Options of {@link DynamicMRI} and {@link SequentialMRI}. */
export interface DynamicMRIOptions<N extends NoiseModel = NoiseModel> extends LinearOptions<N> {
  /**
   * Sampling mask in k-space over time, `[H, W]`, `[T, H, W]`, `[C, T, H, W]` or `[B, C, T, H, W]` with one or two
   * channels.
   */
  mask?: Tensor;
  /** Size of the sequences, for a mask of ones where no mask is given; the last three entries, `[T, H, W]`, count. */
  imgSize?: readonly number[];
}

/** The mask of the options, or ones of size `imgSize`. */
export function sequenceMask(
  className: string,
  options: { mask?: Tensor | undefined; imgSize?: readonly number[] | undefined },
): Tensor {
  if (options.mask !== undefined) return complexMask(className, options.mask, 5);
  const size = options.imgSize === undefined ? [] : checkImgSize(className, options.imgSize);
  if (size.length < 3) {
    throw new ArgumentError(
      `${className}: mask is missing; pass a tensor [frames, height, width], ` +
        "or imgSize with these three numbers for a mask of ones.",
      "missing_argument",
    );
  }
  return freeOnError(() => complexMask(className, ones(size.slice(-3)), 5));
}

/** The MRI of single images that has a mask of its own, and the noise of the MRI of a sequence. */
export function imagesMRI<N extends NoiseModel>(of: LinearPhysics<N>, mask: () => Tensor): MRI<N> {
  const { noiseModel, rng } = of;
  return freeOnError(() => new MRI<N>({ mask: mask(), noiseModel, ...(rng ? { rng } : {}) }));
}

/**
 * Single-coil accelerated MRI of a sequence of images, `y_t = mask_t * F x_t` with the centred orthonormal Fourier
 * transform `F`.
 *
 * Images and measurements are `[B, 2, T, H, W]`; the channels are real and imaginary part. Frequencies that are not
 * sampled have no noise.
 */
export class DynamicMRI<N extends NoiseModel = ZeroNoise> extends DecomposablePhysics<N, "dynamicMRI"> {
  protected static override readonly optionKeys: readonly string[] = ["mask"];
  override readonly operator = "dynamicMRI" as const;
  declare mask: Tensor;

  /**
   * @throws ArgumentError `missing_argument`, `invalid_argument`, `unknown_option`, `empty_mask`; ShapeError
   * `shape_mismatch`.
   */
  constructor(options: DynamicMRIOptions<N>) {
    checkOptionsObject(new.target.name, options);
    const { mask, imgSize, ...rest } = options;
    super(rest);
    this.mask = sequenceMask("DynamicMRI", { mask, imgSize });
  }

  /** The weights of a mask are given, not computed: each but 0 is inverted. */
  protected override smallestSingularValue(): number {
    return SMALLEST_WEIGHT;
  }

  protected override check(caller: string, name: string, value: Tensor): void {
    checkRank(caller, name, value);
    checkComplex(caller, name, value, ["frames", "height", "width"]);
    checkBroadcast(
      `${caller}: ${name}`,
      "the mask",
      this.mask.shape,
      value.shape,
      "use sequences of the mask's size, or set another mask with update({ mask })",
    );
  }

  protected override checkMask(mask: Tensor): Tensor {
    return complexMask("DynamicMRI", mask, 5);
  }

  /** The centred Fourier transform of each frame. */
  override VAdjoint(x: Tensor): Tensor {
    return freeOnError(() => {
      checkTensor(`${this.className}.VAdjoint`, "x", x);
      return centredFft(x, [3, 4]);
    });
  }

  /** The inverse of {@link VAdjoint}. */
  override V(s: Tensor): Tensor {
    return freeOnError(() => {
      checkTensor(`${this.className}.V`, "s", s);
      return centredFft(s, [3, 4], { inverse: true });
    });
  }

  /** The zero-filled reconstruction of each frame; with `mag: true` its magnitude, `[B, 1, T, H, W]`. */
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

  /** The MRI of one image, with a mask of all frequencies that any frame samples. */
  toStatic(): MRI<N> {
    return imagesMRI(this, () => unionOfFrames(this.mask));
  }

  /** The MRI of the frames of `batch` sequences as `batch T` single images, sequence by sequence. */
  toFrames(batch: number): MRI<N> {
    const [, c = 2, t = 1, h = 1, w = 1] = this.mask.shape;
    return imagesMRI(this, () =>
      this.mask
        .expand([batch, c, t, h, w])
        .permute([0, 2, 1, 3, 4])
        .reshape([batch * t, c, h, w]),
    );
  }
}
