import { type Padding } from "../functional/index.js";
import { ArgumentError, checkFlag, checkInstance, checkNumber, checkOptions, ShapeError } from "../runtime/index.js";
import { Rng, type RandomSource } from "../random/index.js";
import { zeros, type Tensor, freeOnError } from "../tensor/index.js";
import { checkImgSize } from "./argument-checks.js";
import { Decolorize, type DecolorizeOptions } from "./decolorize.js";
import { Downsampling, type DownsamplingOptions } from "./downsampling.js";
import { callSettings, type SolverOptions } from "./least-squares.js";
import { NoiseModel, ZeroNoise } from "./noise/index.js";
import { StackedLinearPhysics } from "./stacked.js";
import type { TensorList } from "./tensor-list.js";

/** Options of {@link Pansharpen}. */
export interface PansharpenOptions extends SolverOptions {
  /** Size of the high-resolution colour images, `[C, H, W]`. */
  imgSize: readonly number[];
  /** Filter of the low-resolution colour image; see `Downsampling`. Default: "bilinear". */
  filter?: DownsamplingOptions["filter"];
  /** Downsampling factor along height and width. Default: 4. */
  factor?: number;
  /** Weight of each channel in the grey image; see `Decolorize`. Default: "flat". */
  srf?: DecolorizeOptions["srf"];
  /** Noise of the colour image. Default: `ZeroNoise`. */
  noiseColor?: NoiseModel;
  /** Noise of the grey image. Default: `ZeroNoise`. */
  noiseGray?: NoiseModel;
  /** Whether `ADagger` is Brovey's formula instead of the pseudo-inverse. Default: true. */
  useBrovey?: boolean;
  /** Padding at the borders of the image. Default: "circular". */
  padding?: Padding;
  /** Whether to divide the downsampling by its norm. Default: false. */
  normalize?: boolean;
  /** Added to the denominator of Brovey's formula. Default: 1e-6. */
  eps?: number;
  /** Random source of the noise, unless a call or a noise model has its own. */
  rng?: RandomSource;
}

const KEYS = [
  "imgSize",
  "filter",
  "factor",
  "srf",
  "noiseColor",
  "noiseGray",
  "useBrovey",
  "padding",
  "normalize",
  "eps",
  "rng",
  "maxIter",
  "tol",
];

/** The downsampling with its filter divided by its norm. */
function normalized(
  create: (filter?: Tensor) => Downsampling<NoiseModel>,
  imgSize: readonly number[],
): Downsampling<NoiseModel> {
  const plain = create();
  // Without a filter the norm is 1, as the operator selects pixels.
  if (!plain.filter) return plain;
  const norm = plain.computeNorm(zeros([1, ...imgSize]), { squared: false, tol: 1e-7, maxIter: 500, rng: new Rng(0) });
  return create(plain.filter.div(norm));
}

/**
 * Pansharpening: a low-resolution colour image `[B, C, H / factor, W / factor]` and a high-resolution grey image
 * `[B, 1, H, W]` of the same scene, as a `TensorList`.
 *
 * The operators are a `Downsampling` and a `Decolorize`, each with its own noise.
 */
export class Pansharpen extends StackedLinearPhysics<Downsampling<NoiseModel> | Decolorize<NoiseModel>> {
  /** The operator of the colour image. */
  readonly downsampling: Downsampling<NoiseModel>;
  /** The operator of the grey image. */
  readonly decolorize: Decolorize<NoiseModel>;
  /** Whether `ADagger` is Brovey's formula. */
  readonly useBrovey: boolean;
  /** Added to the denominator of Brovey's formula. */
  protected readonly eps: number;
  /** The factor of `D^T` in Brovey's formula: `factor^2`, or 1 for a downsampling of norm 1. */
  protected readonly gain: number;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`; ShapeError `shape_mismatch`. */
  constructor(options: PansharpenOptions) {
    checkOptions("Pansharpen", options, KEYS);
    const {
      imgSize,
      filter = "bilinear",
      factor = 4,
      srf = "flat",
      noiseColor = new ZeroNoise(),
      noiseGray = new ZeroNoise(),
    } = options;
    const { useBrovey = true, padding = "circular", normalize = false, eps = 1e-6, rng, maxIter, tol } = options;
    const size = checkImgSize("Pansharpen", imgSize);
    if (size.length !== 3)
      throw new ArgumentError(
        `Pansharpen: imgSize is [${size.join(", ")}], expected [channels, height, width].`,
        "invalid_argument",
      );
    for (const [name, value] of Object.entries({ useBrovey, normalize })) checkFlag("Pansharpen", name, value, false);
    for (const [name, value] of Object.entries({ noiseColor, noiseGray }))
      checkInstance("Pansharpen", name, value, NoiseModel, "a noise model such as new GaussianNoise({ sigma: 0.1 })");
    checkNumber("Pansharpen", "eps", eps, { min: 0 });
    if (maxIter !== undefined) checkNumber("Pansharpen", "maxIter", maxIter, { integer: true, positive: true });
    if (tol !== undefined) checkNumber("Pansharpen", "tol", tol, { min: 0 });
    const draws = rng ? { rng } : {};
    const colorOperator = (own?: Tensor): Downsampling<NoiseModel> =>
      new Downsampling<NoiseModel>({
        imgSize: size,
        factor,
        filter: own ?? filter,
        padding,
        noiseModel: noiseColor,
        ...draws,
      });
    const [downsampling, decolorize] = freeOnError(() => [
      normalize ? normalized(colorOperator, size) : colorOperator(),
      new Decolorize<NoiseModel>({ channels: size[0] as number, srf, noiseModel: noiseGray, ...draws }),
    ]);
    super({
      list: [downsampling, decolorize],
      ...(maxIter === undefined ? {} : { maxIter }),
      ...(tol === undefined ? {} : { tol }),
    });
    this.downsampling = downsampling;
    this.decolorize = decolorize;
    this.useBrovey = useBrovey;
    this.eps = eps;
    // The adjoint of a filter of sum 1 distributes a value over factor^2 pixels.
    this.gain = downsampling.filter && !normalize ? downsampling.factor ** 2 : 1;
  }

  /**
   * Brovey's formula, `u y_gray / (mean over channels of u + eps)` with `u = factor^2 D^T y_color`; not the
   * pseudo-inverse.
   *
   * With `useBrovey: false` the pseudo-inverse by conjugate gradients.
   * Paper: Vivone et al., "A critical comparison among pansharpening algorithms", 2015.
   */
  override ADagger(y: TensorList, options: SolverOptions = {}): Tensor {
    return freeOnError(() => {
      if (!this.useBrovey) return super.ADagger(y, options);
      callSettings("Pansharpen.ADagger", options, this.solver);
      this.checkMeasurement("ADagger", y);
      const [color, gray] = [y.at(0), y.at(1)];
      const u = this.downsampling.AAdjoint(color).mul(this.gain);
      if (gray.shape.length !== 4 || gray.shape[1] !== 1 || [0, 2, 3].some((d) => gray.shape[d] !== u.shape[d])) {
        throw new ShapeError(
          `Pansharpen.ADagger: the grey image has shape [${gray.shape.join(", ")}], expected ` +
            `[${[u.shape[0], 1, u.shape[2], u.shape[3]].join(", ")}].`,
          "shape_mismatch",
        );
      }
      return u.mul(gray).div(u.mean(1, true).add(this.eps));
    });
  }
}
