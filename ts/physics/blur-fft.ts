import {
  complexMul,
  fourierFilter,
  fromSpectrum,
  halfSpectrum,
  safeSqrt,
  spectrum,
  wrapFilter,
  matching,
} from "../functional/index.js";
import { ArgumentError, ShapeError, checkOptionsObject } from "../runtime/index.js";
import { where, type Tensor, checkTensor, freeOnError } from "../tensor/index.js";
import { checkImages, checkImgSize, checkTensorOption } from "./argument-checks.js";
import { DecomposablePhysics, SMALLEST_SHARE } from "./decomposable.js";
import { callSettings, checkGamma, dampingFor, startImage, type SolverOptions } from "./least-squares.js";
import type { LinearOptions } from "./linear.js";
import type { NoiseModel, ZeroNoise } from "./noise/index.js";
import type { PhysicsParameters } from "./physics.js";

/** Options of {@link BlurFFT}. */
export interface BlurFFTOptions<N extends NoiseModel = NoiseModel> extends LinearOptions<N> {
  /** Size of the images, `[C, H, W]`. */
  imgSize: readonly number[];
  /**
   * Filter, `[1 or B, 1 or C, h, w]`; one larger than the image wraps around. Default: none; `update({ filter })` must
   * set it before the first measurement.
   */
  filter?: Tensor;
}

/**
 * Blur with circular borders, computed by Fourier transforms: `A = F^T diag(h) F`, with closed-form inverse and
 * proximal operator.
 *
 * Images and measurements are `[B, C, H, W]`. Equal to {@link Blur} with `padding: "circular"`.
 */
export class BlurFFT<N extends NoiseModel = ZeroNoise> extends DecomposablePhysics<N, "blurFFT"> {
  protected static override readonly optionKeys: readonly string[] = ["filter"];
  override readonly operator = "blurFFT" as const;
  declare readonly imgSize: readonly number[];
  /** The filter. */
  filter: Tensor | undefined;
  /** The filter's spectrum over its modulus. */
  protected phase: Tensor | undefined;
  /** Half of the filter's spectrum. */
  protected response: Tensor | undefined;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`; ShapeError `shape_mismatch`. */
  constructor(options: BlurFFTOptions<N>) {
    checkOptionsObject(new.target.name, options);
    const { filter, ...rest } = options;
    const size = checkImgSize("BlurFFT", rest.imgSize);
    if (size.length !== 3)
      throw new ArgumentError(
        `BlurFFT: imgSize is [${size.join(", ")}], expected [channels, height, width].`,
        "invalid_argument",
      );
    super(rest);
    if (filter !== undefined) Object.assign(this, filterTensors("BlurFFT", filter, size));
  }

  protected override setParameters({ filter }: PhysicsParameters): void {
    Object.assign(this, filterTensors("BlurFFT", filter, this.imgSize));
  }

  protected override check(caller: string, name: string, value: Tensor): void {
    checkImages(caller, name, value);
    const filters = this.filter?.shape[0] ?? 1;
    if (this.imgSize.every((n, i) => n === value.shape[i + 1]) && (filters === 1 || filters === value.shape[0])) return;
    throw new ShapeError(
      `${caller}: ${name} has shape [${value.shape.join(", ")}], expected ` +
        `[${filters === 1 ? "batch" : `${filters} as the filters`}, ${this.imgSize.join(", ")}], as imgSize says.`,
      "shape_mismatch",
    );
  }

  /** Image to spectrum `[B, C, H, W, 2]`. */
  override VAdjoint(x: Tensor): Tensor {
    return freeOnError(() => {
      checkTensor(`${this.className}.VAdjoint`, "x", x);
      return spectrum(x, orthonormalScale(this.imgSize));
    });
  }

  /** Spectrum to image. */
  override V(s: Tensor): Tensor {
    return freeOnError(() => {
      checkTensor(`${this.className}.V`, "s", s);
      return fromSpectrum(s, orthonormalScale(this.imgSize));
    });
  }

  /** Spectrum to measurement. */
  override U(s: Tensor): Tensor {
    return freeOnError(() => {
      checkTensor(`${this.className}.U`, "s", s);
      return this.V(complexMul(s, filterTensor(this.phase, s)));
    });
  }

  /** Measurement to spectrum. */
  override UAdjoint(y: Tensor): Tensor {
    checkTensor(`${this.className}.UAdjoint`, "y", y);
    return freeOnError(() => {
      const s = spectrum(y, orthonormalScale(this.imgSize));
      return complexMul(s, filterTensor(this.phase, s), { conjugate: true });
    });
  }

  // A and its transpose multiply by the response itself, as modulus and phase are not differentiable where it is 0.

  override A(x: Tensor): Tensor {
    return freeOnError(() => {
      this.check("BlurFFT.A", "x", x);
      return fourierFilter(x, filterTensor(this.response, x));
    });
  }

  override AAdjoint(y: Tensor): Tensor {
    return freeOnError(() => {
      this.check("BlurFFT.AAdjoint", "y", y);
      return fourierFilter(y, filterTensor(this.response, y), { conjugate: true });
    });
  }

  /**
   * The pseudo-inverse in closed form, `F^T diag(conj(h) / |h|^2) F`, with 0 where `|h|` is at most 1e-5 of its
   * largest value.
   */
  override ADagger(y: Tensor, options: SolverOptions = {}): Tensor {
    return freeOnError(() => {
      callSettings("BlurFFT.ADagger", options, this.solver);
      this.check("BlurFFT.ADagger", "y", y);
      const response = filterTensor(this.response, y);
      const energy = response.square().sum(4, true);
      const usable = energy.gt(
        energy
          .detach()
          .max([1, 2, 3, 4], true)
          .mul(SMALLEST_SHARE ** 2),
      );
      const inverse = response.mul(usable.div(where(usable, energy, usable.neg().add(1))));
      return fourierFilter(y, inverse, { conjugate: true });
    });
  }

  /**
   * The proximal operator in closed form, `z + F^T diag(conj(h) / (|h|^2 + 1 / gamma)) F (y - A z)`; see {@link
   * LinearPhysics.proxL2}. As a correction of `z` it loses no digits where `gamma` is large.
   */
  override proxL2(z: Tensor | number, y: Tensor, gamma: number | Tensor, options: SolverOptions = {}): Tensor {
    return freeOnError(() => {
      const caller = "BlurFFT.proxL2";
      callSettings(caller, options, this.solver);
      this.check(caller, "y", y);
      const step = checkGamma(caller, gamma, y.shape[0] ?? 1);
      const start = startImage(caller, z, () => y);
      const response = filterTensor(this.response, y);
      const gain = response.div(response.square().sum(4, true).add(dampingFor(step, response)));
      return start.add(fourierFilter(y.sub(this.A(start)), gain, { conjugate: true }));
    });
  }

  override parameterNames(): readonly string[] {
    return ["filter"];
  }
}

/** What {@link BlurFFT} keeps of a filter. */
interface FilterTensors {
  filter: Tensor;
  /** Half of its spectrum. */
  response: Tensor;
  /** Its spectrum over the modulus. */
  phase: Tensor;
  /** The modulus of its spectrum: the singular values. */
  mask: Tensor;
}

/** The spectrum of a checked filter for images of size `imgSize`, `[C, H, W]`. */
function filterTensors(className: string, filter: unknown, imgSize: readonly number[]): FilterTensors {
  checkTensorOption(className, "filter", filter, 4);
  const [channels = 1, height = 1, width = 1] = imgSize;
  const [, c = 1] = filter.shape;
  if (filter.shape.length !== 4 || (c !== 1 && c !== channels)) {
    throw new ShapeError(
      `${className}: the filter has shape [${filter.shape.join(", ")}], expected ` +
        `[1 or batch, 1 or ${channels}, height, width].`,
      "shape_mismatch",
    );
  }
  return freeOnError(() => {
    const wrapped = wrapFilter(filter, height, width);
    const [, , h = 1, w = 1] = wrapped.shape;
    const centred = wrapped
      .pad([0, 0, 0, 0, 0, height - h, 0, width - w], { mode: "constant" })
      .roll([-Math.floor(h / 2), -Math.floor(w / 2)], [2, 3]);
    const full = spectrum(centred, 1);
    const modulus = safeSqrt(full.square().sum(4, true));
    const zero = modulus.eq(0);
    return {
      filter,
      response: halfSpectrum(centred),
      // Where the response is 0, so is the singular value, and any phase will do.
      phase: full.div(where(zero, modulus.add(1), modulus)),
      mask: modulus,
    };
  });
}

/** One of these tensors on the device and of the type of `like`. */
function filterTensor(t: Tensor | undefined, like: Tensor): Tensor {
  if (!t)
    throw new ArgumentError(
      "BlurFFT: there is no filter yet; pass filter to the constructor or call update({ filter }).",
      "missing_argument",
    );
  return matching(t, like);
}

/** The factor that makes the Fourier transform of images of size `imgSize`, `[C, H, W]`, orthonormal. */
function orthonormalScale([, height = 1, width = 1]: readonly number[]): number {
  return 1 / Math.sqrt(height * width);
}
