import {
  complexMul,
  fourierFilter,
  fromSpectrum,
  halfSpectrum,
  safeSqrt,
  spectrum,
  wrapFilter,
} from "../functional/index.js";
import { ArgumentError, ShapeError } from "../runtime/index.js";
import { cat, keep, where, type Tensor } from "../tensor/index.js";
import { checkImages, checkImgSize, checkTensorOption } from "./checks.js";
import { DecomposablePhysics } from "./decomposable.js";
import { checkGamma, startImage } from "./least-squares.js";
import type { LinearOptions } from "./linear.js";
import { matching, type NoiseModel, type ZeroNoise } from "./noise/index.js";
import type { PhysicsParameters } from "./physics.js";

/** A response of a smaller modulus counts as zero in the pseudo-inverse. */
const SMALLEST = 1e-5;

/** Options of {@link BlurFFT}. */
export interface BlurFFTOptions<N extends NoiseModel = NoiseModel> extends LinearOptions<N> {
  /** Size of the images, `[C, H, W]`. */
  imgSize: readonly number[];
  /**
   * Filter of shape `[1 or B, 1 or C, h, w]`; one larger than the image wraps around. Without one, it must be set by
   * `update({ filter })`.
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
  declare readonly imgSize: readonly number[];
  /** The filter. */
  filter: Tensor | undefined;
  private phase: Tensor | undefined;
  /** Half of the filter's spectrum. */
  private response: Tensor | undefined;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`; ShapeError `shape_mismatch`. */
  constructor(options: BlurFFTOptions<N>) {
    const { filter, ...rest } = options;
    const size = checkImgSize("BlurFFT", rest.imgSize);
    if (size.length !== 3)
      throw new ArgumentError(
        `BlurFFT: imgSize is [${size.join(", ")}], expected [channels, height, width].`,
        "invalid_argument",
      );
    super(rest, { className: "BlurFFT", keys: ["filter"], operator: "blurFFT" });
    if (filter !== undefined) this.setParameters({ filter });
  }

  protected override setParameters({ filter }: PhysicsParameters): void {
    checkTensorOption("BlurFFT", "filter", filter, 4);
    const [channels = 1, height = 1, width = 1] = this.imgSize;
    const [, c = 1] = filter.shape;
    if (filter.shape.length !== 4 || (c !== 1 && c !== channels)) {
      throw new ShapeError(
        `BlurFFT: the filter has shape [${filter.shape.join(", ")}], expected [1 or batch, 1 or ${channels}, height, width].`,
        "shape_mismatch",
      );
    }
    const wrapped = wrapFilter(filter, height, width);
    const [, , h = 1, w = 1] = wrapped.shape;
    const centred = wrapped
      .pad([0, 0, 0, 0, 0, height - h, 0, width - w], { mode: "constant" })
      .roll([-Math.floor(h / 2), -Math.floor(w / 2)], [2, 3]);
    const response = spectrum(centred, 1);
    const modulus = safeSqrt(response.square().sum(4, true));
    const zero = modulus.eq(0);
    // These stay after the step in which they came, even where each step is tidied.
    this.filter = keep(filter);
    this.response = keep(halfSpectrum(centred));
    // Where the response is zero any phase will do; (0, 0) is as good, as the singular value is zero too.
    this.phase = keep(response.div(where(zero, modulus.add(1), modulus)));
    this.mask = keep(modulus);
  }

  private placed(t: Tensor | undefined, like: Tensor): Tensor {
    if (!t)
      throw new ArgumentError(
        "BlurFFT: there is no filter yet; pass filter to the constructor or call update({ filter }).",
        "missing_argument",
      );
    return matching(t, like);
  }

  protected override check(caller: string, name: string, value: Tensor): void {
    checkImages(caller, name, value);
    const filters = this.filter?.shape[0] ?? 1;
    if (this.imgSize.every((n, i) => n === value.shape[i + 1]) && (filters === 1 || filters === value.shape[0])) return;
    throw new ShapeError(
      `${caller}: ${name} has shape [${value.shape.join(", ")}], expected [${filters === 1 ? "batch" : `${filters} as the filters`}, ${this.imgSize.join(", ")}], as imgSize says.`,
      "shape_mismatch",
    );
  }

  private get scale(): number {
    return 1 / Math.sqrt((this.imgSize[1] ?? 1) * (this.imgSize[2] ?? 1));
  }

  /** Image to spectrum `[B, C, H, W, 2]`. */
  override VAdjoint(x: Tensor): Tensor {
    return spectrum(x, this.scale);
  }

  /** Spectrum to image. */
  override V(s: Tensor): Tensor {
    return fromSpectrum(s, this.scale);
  }

  /** Spectrum to measurement. */
  override U(s: Tensor): Tensor {
    return this.V(complexMul(s, this.placed(this.phase, s)));
  }

  /** Measurement to spectrum. */
  override UAdjoint(y: Tensor): Tensor {
    const s = spectrum(y, this.scale);
    return complexMul(s, this.placed(this.phase, s), { conjugate: true });
  }

  // A and its transpose multiply by the response itself: through modulus and phase there is no derivative to the filter
  // where it vanishes.

  override A(x: Tensor): Tensor {
    this.check("BlurFFT.A", "x", x);
    return fourierFilter(x, this.placed(this.response, x));
  }

  override AAdjoint(y: Tensor): Tensor {
    this.check("BlurFFT.AAdjoint", "y", y);
    return fourierFilter(y, this.placed(this.response, y), { conjugate: true });
  }

  /** The pseudo-inverse in closed form, `F^T diag(conj(h) / |h|^2) F`, with 0 where `|h|` is at most 1e-5. */
  override ADagger(y: Tensor): Tensor {
    this.check("BlurFFT.ADagger", "y", y);
    const response = this.placed(this.response, y);
    const energy = response.square().sum(4, true);
    const usable = energy.gt(SMALLEST ** 2);
    const inverse = response.mul(usable.div(where(usable, energy, usable.neg().add(1))));
    return fourierFilter(y, inverse, { conjugate: true });
  }

  /**
   * The proximal operator in closed form, `F^T diag(1 / (1 + gamma |h|^2)) F (gamma A^T y + z)`; see {@link
   * LinearPhysics.proxL2}.
   */
  override proxL2(z: Tensor | number, y: Tensor, gamma: number | Tensor): Tensor {
    const caller = "BlurFFT.proxL2";
    this.check(caller, "y", y);
    const step = checkGamma(caller, gamma, y.shape[0] ?? 1);
    const perImage = typeof step === "number" ? step : matching(step, y).reshape([step.size, 1, 1, 1]);
    const back = this.AAdjoint(y);
    const gain = this.placed(this.response, y)
      .square()
      .sum(4, true)
      .mul(typeof perImage === "number" ? perImage : perImage.unsqueeze(4))
      .add(1)
      .reciprocal();
    return fourierFilter(back.mul(perImage).add(startImage(z, () => back)), cat([gain, gain.mul(0)], 4));
  }

  override parameterNames(): readonly string[] {
    return ["filter"];
  }
}
