import {
  convolve,
  convolveAdjoint,
  fromHalfSpectrum,
  halfSpectrum,
  type Padding,
  PADDINGS,
  matching,
} from "../functional/index.js";
import { ArgumentError, checkNumber, ShapeError, checkWord, checkOptionsObject } from "../runtime/index.js";
import { Tensor, tensor, freeOnError, checkTensor } from "../tensor/index.js";
import { checkImages, checkTensorOption } from "./argument-checks.js";
import { gaussianBlur } from "./functional/blur-filters.js";
import { bicubicFilter, bilinearFilter, sincFilter } from "./functional/filters.js";
import { callSettings, checkGamma, dampingFor, startImage, type SolverOptions } from "./least-squares.js";
import { LinearPhysics, type LinearOptions } from "./linear.js";
import type { NoiseModel, ZeroNoise } from "./noise/index.js";
import type { PhysicsParameters } from "./physics.js";

/** A named filter of {@link Downsampling}. */
export type DownsamplingFilter = "gaussian" | "bilinear" | "bicubic" | "sinc";

/** Options of {@link Downsampling}. */
export interface DownsamplingOptions<N extends NoiseModel = NoiseModel> extends LinearOptions<N> {
  /** Low-pass filter, by name or as a tensor `[1 or B, 1 or C, h, w]`; null for none. Default: null. */
  filter?: Tensor | DownsamplingFilter | null;
  /** Every `factor`-th pixel is kept along height and width. Default: 2. */
  factor?: number;
  /** Size of the images, `[C, H, W]`. Default: `factor` times the height and width of the measurement. */
  imgSize?: readonly number[] | null;
  /** Padding at the borders of the image. Default: "circular". */
  padding?: Padding;
}

/** The filter that the option describes. */
function namedFilter(filter: unknown, factor: number): Tensor | undefined {
  if (filter === null || filter === undefined) return undefined;
  if (filter instanceof Tensor) {
    checkTensorOption("Downsampling", "filter", filter, 4);
    return filter;
  }
  const name = checkWord("Downsampling", "filter", filter, ["gaussian", "bilinear", "bicubic", "sinc"] as const);
  if (name === "gaussian") return gaussianBlur({ sigma: factor });
  if (name === "bilinear") return bilinearFilter(factor);
  return name === "bicubic" ? bicubicFilter(factor) : sincFilter(factor);
}

/** Downsampling: `y = S (h * x)`, a low-pass filter `h` and then every `factor`-th pixel; images are `[B, C, H, W]`. */
export class Downsampling<N extends NoiseModel = ZeroNoise> extends LinearPhysics<N, "downsampling"> {
  protected static override readonly optionKeys: readonly string[] = ["filter", "factor", "padding", "imgSize"];
  override readonly operator = "downsampling" as const;
  /** The filter. */
  filter: Tensor | undefined;
  /** Every `factor`-th pixel is kept along height and width. */
  readonly factor: number;
  /** Padding at the borders of the image. */
  readonly padding: Padding;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`; ShapeError `shape_mismatch`. */
  constructor(options: DownsamplingOptions<N> = {}) {
    checkOptionsObject(new.target.name, options);
    const { filter, factor = 2, padding = "circular", imgSize, ...rest } = options;
    super({ ...rest, ...(imgSize === undefined || imgSize === null ? {} : { imgSize }) });
    this.factor = checkNumber("Downsampling", "factor", factor, { integer: true, positive: true });
    this.padding = checkWord("Downsampling", "padding", padding, PADDINGS);
    this.filter = namedFilter(filter, this.factor);
    if (this.imgSize && this.imgSize.length !== 3) {
      throw new ArgumentError(
        `Downsampling: imgSize is [${this.imgSize.join(", ")}], expected [channels, height, width].`,
        "invalid_argument",
      );
    }
  }

  override A(x: Tensor): Tensor {
    return freeOnError(() => {
      checkImages("Downsampling.A", "x", x);
      const size = this.imgSize;
      if (size && (x.shape[2] !== size[1] || x.shape[3] !== size[2])) {
        throw new ShapeError(
          `Downsampling.A: x has shape [${x.shape.join(", ")}], expected images of size [${size.join(", ")}], ` +
            "as imgSize says.",
          "shape_mismatch",
        );
      }
      if (!this.filter) return x.slice([0, 0, 0, 0], [...x.shape], [1, 1, this.factor, this.factor]);
      return convolve(x, matching(this.filter, x), {
        padding: this.padding,
        stride: this.factor,
        caller: "Downsampling.A",
      });
    });
  }

  override AAdjoint(y: Tensor): Tensor {
    return freeOnError(() => {
      checkImages("Downsampling.AAdjoint", "y", y);
      const [, , h = 1, w = 1] = y.shape;
      const shrink =
        this.filter && this.padding === "valid" ? (dim: number) => (this.filter?.shape[dim] ?? 1) - 1 : () => 0;
      const [height, width] = [2, 3].map(
        (dim, i) => (this.imgSize?.[i + 1] ?? (i === 0 ? h : w) * this.factor) - shrink(dim),
      ) as [number, number];
      const f = this.factor;
      if (Math.ceil(height / f) !== h || Math.ceil(width / f) !== w) {
        throw new ShapeError(
          `Downsampling.AAdjoint: y has shape [${y.shape.join(", ")}], expected ` +
            `${Math.ceil(height / f)} x ${Math.ceil(width / f)} pixels.`,
          "shape_mismatch",
        );
      }
      if (!this.filter) return insertZeros(y, this.factor, [height, width]);
      return convolveAdjoint(y, matching(this.filter, y), {
        padding: this.padding,
        stride: f,
        size: [height, width],
        caller: "Downsampling.AAdjoint",
      });
    });
  }

  /**
   * The proximal operator; see {@link LinearPhysics.proxL2}.
   *
   * With circular padding, and a height and width that `factor` divides, `A A^T` is a circular convolution of
   * measurements, and `z + A^T (A A^T + I / gamma)^-1 (y - A z)` is computed in closed form.
   * Paper: Zhao, Wei, Basarab, Dobigeon, Kouame, Tourneret, 2016.
   */
  override proxL2(z: Tensor | number, y: Tensor, gamma: number | Tensor, options: SolverOptions = {}): Tensor {
    checkTensor(`${this.className}.proxL2`, "y", y);
    return freeOnError(() => {
      const back = this.AAdjoint(y);
      const [, , height = 1, width = 1] = back.shape;
      if (!this.filter || this.padding !== "circular" || height % this.factor !== 0 || width % this.factor !== 0)
        return super.proxL2(z, y, gamma, options);
      const caller = "Downsampling.proxL2";
      callSettings(caller, options, this.solver);
      const step = checkGamma(caller, gamma, y.shape[0] ?? 1);
      const start = startImage(caller, z, () => back);
      const [, , h = 1, w = 1] = y.shape;
      // A A^T is a symmetric convolution: its spectrum is real, that of its impulse response.
      const impulse = tensor([1], { shape: [1, 1, 1, 1], dtype: y.dtype, device: y.device }).pad(
        [0, 0, 0, 0, 0, h - 1, 0, w - 1],
        { mode: "constant" },
      );
      const [b = 1, c = 1] = this.filter.shape;
      const filter = matching(this.filter, y);
      const stride = this.factor;
      const fine = convolveAdjoint(impulse.expand([b, c, h, w]), filter, {
        padding: "circular",
        stride,
        caller,
        size: [height, width],
      });
      const response = convolve(fine, filter, { padding: "circular", stride, caller });
      const gain = halfSpectrum(response).slice([0, 0, 0, 0, 0], [b, c, h, Math.floor(w / 2) + 1, 1]);
      const residual = halfSpectrum(y.sub(this.A(start)));
      const solved = fromHalfSpectrum(residual.div(gain.add(dampingFor(step, gain))), w);
      return start.add(this.AAdjoint(solved));
    });
  }

  override parameterNames(): readonly string[] {
    return ["filter"];
  }

  protected override setParameters({ filter }: PhysicsParameters): void {
    checkTensorOption("Downsampling.update", "filter", filter, 4);
    this.filter = filter;
  }
}

/**
 * The transpose of taking every `factor`-th pixel, `[B, C, h, w]` to `[B, C, height, width]`: each pixel is the corner
 * of a block of zeros, cropped at the borders.
 */
function insertZeros(y: Tensor, factor: number, [height, width]: readonly [number, number]): Tensor {
  const [batch = 1, channels = 1, h = 1, w = 1] = y.shape;
  const blocks = y
    .reshape([batch, channels, h, 1, w, 1])
    .pad([0, 0, 0, 0, 0, 0, 0, factor - 1, 0, 0, 0, factor - 1], { mode: "constant" });
  const whole = blocks.reshape([batch, channels, h * factor, w * factor]);
  return whole.slice([0, 0, 0, 0], [batch, channels, Math.min(height, h * factor), Math.min(width, w * factor)]);
}
