import { checkOptionsObject, checkOptions, checkFlag } from "../runtime/index.js";
import { centredFft, magnitude, matching } from "../functional/index.js";
import { where, type Tensor, freeOnError, checkTensor } from "../tensor/index.js";
import { checkBroadcast, checkRank } from "./argument-checks.js";
import { imagesMRI, sequenceMask, type DynamicMRIOptions } from "./dynamic-mri.js";
import { checkComplex, complexMask, unionOfFrames } from "./functional/mri.js";
import { callSettings, checkGamma, dampingFor, startImage, type SolverOptions } from "./least-squares.js";
import { LinearPhysics } from "./linear.js";
import type { MRI } from "./mri.js";
import type { NoiseModel, ZeroNoise } from "./noise/index.js";
import type { PhysicsParameters } from "./physics.js";

/**
 * Single-coil MRI of one image whose k-space is sampled over time, `y_t = mask_t * F x` with the centred orthonormal
 * Fourier transform `F`.
 *
 * Images are `[B, 2, H, W]`, measurements `[B, 2, T, H, W]`. Frames may sample the same frequencies. Frequencies that
 * are not sampled have no noise. The pseudo-inverse and the proximal operator have closed forms.
 */
export class SequentialMRI<N extends NoiseModel = ZeroNoise> extends LinearPhysics<N, "sequentialMRI"> {
  protected static override readonly optionKeys: readonly string[] = ["mask", "imgSize"];
  override readonly operator = "sequentialMRI" as const;
  /** Sampling mask, `[B or 1, 2, T, H, W]`. */
  mask: Tensor;

  /**
   * @throws ArgumentError `missing_argument`, `invalid_argument`, `unknown_option`, `empty_mask`; ShapeError
   * `shape_mismatch`.
   */
  constructor(options: DynamicMRIOptions<N>) {
    checkOptionsObject(new.target.name, options);
    const { mask, imgSize, ...rest } = options;
    super(rest);
    this.mask = sequenceMask("SequentialMRI", { mask, imgSize });
  }

  override A(x: Tensor): Tensor {
    return freeOnError(() => {
      const caller = "SequentialMRI.A";
      checkRank(caller, "x", x);
      checkComplex(caller, "x", x, ["height", "width"]);
      const [b = 1, c = 2, , h = 1, w = 1] = this.mask.shape;
      checkBroadcast(
        `${caller}: x`,
        "one frame of the mask",
        [b, c, h, w],
        x.shape,
        "use images of the mask's size, or set another mask with update({ mask })",
      );
      return centredFft(x, [2, 3]).unsqueeze(2).mul(matching(this.mask, x));
    });
  }

  /**
   * The transpose, `F^T sum_t mask_t y_t`, `[B, 2, H, W]`.
   *
   * With `keepTimeDim: true`, the zero-filled image of each frame, `[B, 2, T, H, W]`; with `mag: true`, magnitudes. A
   * frequency that several frames sample is counted as often; {@link average} does not.
   */
  override AAdjoint(y: Tensor, options: { keepTimeDim?: boolean; mag?: boolean } = {}): Tensor {
    const caller = `${this.className}.AAdjoint`;
    checkTensor(caller, "y", y);
    checkOptions(caller, options, ["keepTimeDim", "mag"]);
    const keepTimeDim = checkFlag(caller, "keepTimeDim", options.keepTimeDim, false);
    const mag = checkFlag(caller, "mag", options.mag, false);
    return freeOnError(() => {
      checkFrames(this.mask, "SequentialMRI.AAdjoint", y);
      const sampled = y.mul(matching(this.mask, y));
      const x = keepTimeDim
        ? centredFft(sampled, [3, 4], { inverse: true })
        : centredFft(sampled.sum(2), [2, 3], { inverse: true });
      return mag ? magnitude(x) : x;
    });
  }

  /**
   * The average of the samples of each frequency over time, 0 where there are none: `[B, 2, T, H, W]` to
   * `[B, 2, H, W]`.
   *
   * `sum_t y_t / sum_t mask_t`, so that samples are divided by their weights. `toStatic().AAdjoint(average(y))` is its
   * zero-filled image.
   */
  average(y: Tensor): Tensor {
    return freeOnError(() => {
      checkFrames(this.mask, "SequentialMRI.average", y);
      const count = matching(this.mask, y).sum(2);
      const seen = count.ne(0);
      return y
        .sum(2)
        .mul(seen)
        .div(where(seen, count, seen.neg().add(1)));
    });
  }

  /** The pseudo-inverse in closed form: for each frequency the least-squares fit to its samples, 0 where none. */
  override ADagger(y: Tensor, options: SolverOptions = {}): Tensor {
    checkTensor(`${this.className}.ADagger`, "y", y);
    callSettings(`${this.className}.ADagger`, options, this.solver);
    return freeOnError(() => {
      checkFrames(this.mask, "SequentialMRI.ADagger", y);
      const mask = matching(this.mask, y);
      const energy = mask.square().sum(2);
      const seen = energy.gt(0);
      const fit = y
        .mul(mask)
        .sum(2)
        .mul(seen)
        .div(where(seen, energy, seen.neg().add(1)));
      return centredFft(fit, [2, 3], { inverse: true });
    });
  }

  /**
   * The proximal operator in closed form, for each frequency
   * `F z + (sum_t mask_t y_t - sum_t mask_t^2 F z) / (sum_t mask_t^2 + 1 / gamma)`.
   */
  override proxL2(z: Tensor | number, y: Tensor, gamma: number | Tensor, options: SolverOptions = {}): Tensor {
    checkTensor(`${this.className}.proxL2`, "y", y);
    callSettings(`${this.className}.proxL2`, options, this.solver);
    return freeOnError(() => {
      const caller = "SequentialMRI.proxL2";
      checkFrames(this.mask, caller, y);
      const mask = matching(this.mask, y);
      const step = checkGamma(caller, gamma, y.shape[0] ?? 1);
      const sampled = y.mul(mask).sum(2);
      const energy = mask.square().sum(2);
      const start = centredFft(
        startImage(caller, z, () => sampled),
        [2, 3],
      );
      const correction = sampled.sub(energy.mul(start)).div(energy.add(dampingFor(step, sampled)));
      return centredFft(start.add(correction), [2, 3], { inverse: true });
    });
  }

  override measured(y: Tensor): Tensor {
    checkRank("SequentialMRI.measured", "y", y);
    return matching(this.mask, y).ne(0);
  }

  override parameterNames(): readonly string[] {
    return ["mask"];
  }

  protected override setParameters(parameters: PhysicsParameters): void {
    const { mask } = parameters;
    if (mask === undefined) return;
    this.mask = complexMask("SequentialMRI.update", mask as Tensor, 5);
  }

  /** The MRI with a mask of all frequencies that any frame samples. */
  toStatic(): MRI<N> {
    return imagesMRI(this, () => unionOfFrames(this.mask));
  }
}

/** Refuses measurements that do not fit the mask. */
function checkFrames(mask: Tensor, caller: string, y: Tensor): void {
  checkRank(caller, "y", y);
  checkComplex(caller, "y", y, ["frames", "height", "width"]);
  checkBroadcast(
    `${caller}: y`,
    "the mask",
    mask.shape,
    y.shape,
    "use measurements of the mask's size, or set another mask with update({ mask })",
  );
}
