import { centredFft, safeSqrt, matching } from "../functional/index.js";
import { checkFlag, checkNumber, ShapeError, checkOptionsObject, checkOptions } from "../runtime/index.js";
import { ones, Tensor, checkTensor, freeOnError } from "../tensor/index.js";
import { checkBroadcast, checkImgSize, checkTensorOption, checkRank } from "./argument-checks.js";
import { birdcageMaps, estimateCoilMaps, flatMaps, mulMaps, placedMaps } from "./functional/coil-maps.js";
import { checkComplex, complexMask } from "./functional/mri.js";
import { LinearPhysics, type LinearOptions } from "./linear.js";
import type { NoiseModel, ZeroNoise } from "./noise/index.js";
import type { PhysicsParameters } from "./physics.js";

/** Options of {@link MultiCoilMRI}. */
export interface MultiCoilMRIOptions<N extends NoiseModel = NoiseModel> extends LinearOptions<N> {
  /**
   * Sampling mask in k-space, the same for all coils, `[(D,) H, W]`, `[C, ...]` or `[B, C, ...]` with one or two
   * channels. Default: ones.
   */
  mask?: Tensor;
  /**
   * Complex coil sensitivities with real and imaginary part in the last dimension, `[(D,) H, W, 2]`, `[N, ..., 2]` or
   * `[B, N, ..., 2]`; or a number of coils, for the sensitivities of a birdcage coil. Default: one coil of constant
   * sensitivity.
   */
  coilMaps?: Tensor | number;
  /**
   * Size of the images, where mask or maps are not given; the last two entries are used, with `threeD` three.
   * Default: the size of the mask or of the maps, or [320, 320].
   */
  imgSize?: readonly number[];
  /** Whether images are volumes `[B, 2, D, H, W]`. Default: false. */
  threeD?: boolean;
}

/**
 * Multi-coil accelerated MRI, `y_n = mask * F(s_n x)` for coils with sensitivities `s_n` and the centred orthonormal
 * Fourier transform `F`.
 *
 * Images are `[B, 2, (D,) H, W]`, measurements `[B, 2, N, (D,) H, W]`; dimension 1 is real and imaginary part.
 * Frequencies that are not sampled have no noise. The pseudo-inverse, SENSE, is computed by conjugate gradients.
 * Paper: Pruessmann, Weiger, Scheidegger, Boesiger, "SENSE: sensitivity encoding for fast MRI", 1999.
 */
export class MultiCoilMRI<N extends NoiseModel = ZeroNoise> extends LinearPhysics<N, "multiCoilMRI"> {
  protected static override readonly optionKeys: readonly string[] = ["mask", "coilMaps", "imgSize", "threeD"];
  override readonly operator = "multiCoilMRI" as const;
  /** Whether images are volumes. */
  readonly threeD: boolean;
  /** Sampling mask, `[B or 1, 2, (D,) H, W]`. */
  mask: Tensor;
  /** Sensitivities, `[B or 1, N, (D,) H, W, 2]`. */
  coilMaps: Tensor;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`, `empty_mask`; ShapeError `shape_mismatch`. */
  constructor(options: MultiCoilMRIOptions<N> = {}) {
    const name = "MultiCoilMRI";
    checkOptionsObject(new.target.name, options);
    const { mask, coilMaps, imgSize, threeD, ...rest } = options;
    super(rest);
    this.threeD = checkFlag(name, "threeD", threeD, false);
    const dims = this.threeD ? 3 : 2;
    if (coilMaps instanceof Tensor) checkTensorOption(name, "coilMaps", coilMaps, dims + 1);
    else if (coilMaps !== undefined) checkNumber(name, "coilMaps", coilMaps, { integer: true, min: 1, max: 1024 });
    if (mask !== undefined) checkTensor(name, "mask", mask);
    if (imgSize !== undefined) checkImgSize(name, imgSize);
    const found = imgSize ?? mask?.shape ?? (coilMaps instanceof Tensor ? coilMaps.shape.slice(0, -1) : [320, 320]);
    const size = checkImgSize(name, [...found]).slice(-dims);
    [this.mask, this.coilMaps] = freeOnError(() => {
      const ownMask = complexMask(name, mask ?? ones(size), dims + 2);
      const maps =
        coilMaps instanceof Tensor ? coilMaps : coilMaps === undefined ? flatMaps(size) : birdcageMaps(coilMaps, size);
      const ownMaps = placedMaps(name, maps, this.threeD);
      checkSizes(name, ownMask, ownMaps);
      return [ownMask, ownMaps];
    });
  }

  /**
   * Sensitivities of `n` coils around the image, `[n, (D,) H, W, 2]` for `imgSize` `[(D,) H, W]`, with `sum_n |s_n|^2 =
   * 1`.
   */
  static simulateBirdcageCsm(n: number, imgSize: readonly number[]): Tensor {
    checkNumber("MultiCoilMRI.simulateBirdcageCsm", "n", n, { integer: true, min: 1, max: 1024 });
    return birdcageMaps(n, checkImgSize("MultiCoilMRI.simulateBirdcageCsm", imgSize));
  }

  /**
   * Sensitivities from the centre of measured k-space, `[B, 2, N, H, W]` to `[B, N, H, W, 2]`; `calibSize` is the side
   * of the fully sampled square.
   */
  static estimateCoilMaps(y: Tensor, options: { calibSize?: number } = {}): Tensor {
    return estimateCoilMaps(y, options);
  }

  override A(x: Tensor): Tensor {
    checkTensor(`${this.className}.A`, "x", x);
    return freeOnError(() => {
      checkShape(this, "MultiCoilMRI.A", "x", x, false);
      const coilImages = mulMaps(matching(this.coilMaps, x), x.unsqueeze(2), false);
      return masked(this, centredFft(coilImages, spatialDims(this.threeD)));
    });
  }

  /**
   * The transpose, `sum_n conj(s_n) F^T (mask * y_n)`, `[B, 2, (D,) H, W]`.
   *
   * With `rss: true` instead the root sum of squares over the coils, `sqrt(sum_n |F^T (mask * y_n)|^2)`, `[B, 1, (D,)
   * H, W]`.
   */
  override AAdjoint(y: Tensor, options: { rss?: boolean } = {}): Tensor {
    const caller = `${this.className}.AAdjoint`;
    checkTensor(caller, "y", y);
    checkOptions(caller, options, ["rss"]);
    const rss = checkFlag(caller, "rss", options.rss, false);
    return freeOnError(() => {
      checkShape(this, "MultiCoilMRI.AAdjoint", "y", y, true);
      const images = centredFft(masked(this, y), spatialDims(this.threeD), { inverse: true });
      if (rss) return safeSqrt(images.square().sum(1, true).sum(2));
      return mulMaps(matching(this.coilMaps, y), images, true).sum(2);
    });
  }

  override measured(y: Tensor): Tensor {
    checkRank("MultiCoilMRI.measured", "y", y);
    return freeOnError(() => matching(this.mask, y).ne(0).unsqueeze(2));
  }

  override parameterNames(): readonly string[] {
    return ["mask", "coilMaps"];
  }

  protected override setParameters(parameters: PhysicsParameters): void {
    const caller = "MultiCoilMRI.update";
    const rank = this.threeD ? 5 : 4;
    const { mask, coilMaps } = parameters;
    const newMask = mask === undefined ? this.mask : complexMask(caller, mask as Tensor, rank);
    if (coilMaps !== undefined) checkTensorOption(caller, "coilMaps", coilMaps, rank - 1);
    const newMaps = coilMaps === undefined ? this.coilMaps : placedMaps(caller, coilMaps as Tensor, this.threeD);
    checkSizes(caller, newMask, newMaps);
    this.mask = newMask;
    this.coilMaps = newMaps;
  }
}

/** The dimensions of measurements `[B, 2, N, (D,) H, W]` that are transformed. */
function spatialDims(threeD: boolean): number[] {
  return threeD ? [3, 4, 5] : [3, 4];
}

/** Refuses a mask and sensitivities of different batch or image size. */
function checkSizes(caller: string, mask: Tensor, maps: Tensor): void {
  const [image, covered] = [mask.shape.slice(2), maps.shape.slice(2, -1)];
  const batches = mask.shape[0] === 1 || maps.shape[0] === 1 || mask.shape[0] === maps.shape[0];
  if (batches && image.every((n, i) => n === covered[i] || n === 1)) return;
  throw new ShapeError(
    `${caller}: mask has shape [${mask.shape.join(", ")}] but coilMaps has shape [${maps.shape.join(", ")}]; ` +
      "batch and image size must agree.",
    "shape_mismatch",
  );
}

/** Refuses images or, with `coils`, measurements that do not fit mask and sensitivities. */
function checkShape(
  { mask, coilMaps, threeD }: MultiCoilMRI<NoiseModel>,
  caller: string,
  name: string,
  value: Tensor,
  coils: boolean,
): void {
  const axes = threeD ? ["depth", "height", "width"] : ["height", "width"];
  checkRank(caller, name, value);
  checkComplex(caller, name, value, coils ? ["coils", ...axes] : axes);
  const [b = 1, n = 1, ...size] = coilMaps.shape.slice(0, -1);
  const [batch = 1] = mask.shape;
  const expected = [Math.max(b, batch), 2, ...(coils ? [n] : []), ...size];
  const [head, ...rest] = value.shape;
  if ((expected[0] === 1 || head === expected[0]) && expected.slice(1).every((m, i) => m === rest[i])) return;
  checkBroadcast(
    `${caller}: ${name}`,
    "what mask and coilMaps fit",
    expected,
    value.shape,
    "use data of their size, or set others with update({ mask, coilMaps })",
  );
  throw new ShapeError(
    `${caller}: ${name} has shape [${value.shape.join(", ")}], but mask and coilMaps need [${expected.join(", ")}].`,
    "shape_mismatch",
  );
}

/** Measurements times the mask, which is the same for all coils. */
function masked({ mask }: MultiCoilMRI<NoiseModel>, y: Tensor): Tensor {
  return y.mul(matching(mask, y).unsqueeze(2));
}
