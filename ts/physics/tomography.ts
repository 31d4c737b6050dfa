import { radon, radonDetectors, radonTranspose } from "../functional/index.js";
import {
  ArgumentError,
  checkNumber,
  checkOptions,
  checkSize,
  checkWord,
  LARGEST,
  ShapeError,
} from "../runtime/index.js";
import { Rng } from "../random/index.js";
import { tensor, Tensor, zeros } from "../tensor/index.js";
import { checkImages, shown } from "./argument-checks.js";
import {
  PROJECTION_FILTERS,
  projectionFilter,
  viewWeights,
  type ProjectionFilter,
} from "./functional/back-projection.js";
import { Constant } from "./functional/constant.js";
import type { SolverOptions } from "./least-squares.js";
import { LinearPhysics, type LinearOptions } from "./linear.js";
import type { NoiseModel, ZeroNoise } from "./noise/index.js";
import { powerIteration } from "./power-iteration.js";

/** Options of {@link Tomography}. */
export interface TomographyOptions<N extends NoiseModel = NoiseModel> extends LinearOptions<N> {
  /** Angles in degrees, or the number of equispaced angles in [0, 180), at most 100,000. */
  angles: number | readonly number[] | Tensor;
  /** Width and height of the images, at most 16384. */
  imgWidth: number;
  /** Whether only pixels inside the inscribed circle are measured, with `imgWidth` detectors. Default: false. */
  circle?: boolean;
  /** Whether to divide the operator by its norm. Default: true. */
  normalize?: boolean;
  /**
   * For compatibility with deepinv; the adjoint is the exact transpose for either value. Default: true.
   */
  adjointViaBackprop?: boolean;
  /**
   * Whether the filtered back-projection replaces the two outermost pixels, which are inaccurate, by the third one.
   * Without effect with `circle`. Default: false.
   */
  fbpInterpolateBoundary?: boolean;
  /**
   * Whether `ADagger` is the filtered back-projection instead of the least-squares solution, unless a call sets it.
   * Default: false.
   */
  fbp?: boolean;
  /**
   * Filter of the filtered back-projection, unless a call sets it; the others than "ramp" weaken noise and detail. See
   * {@link Tomography.fbp}. Default: "ramp".
   */
  filter?: ProjectionFilter;
}

/** The angles in degrees that the option describes. */
function angleList(angles: unknown): number[] {
  const given: unknown =
    angles instanceof Tensor
      ? Array.from(angles.dataSync())
      : ArrayBuffer.isView(angles)
        ? Array.from(angles as Float32Array)
        : angles;
  if (typeof given === "number") {
    const count = checkNumber("Tomography", "angles", given, {
      integer: true,
      positive: true,
      max: LARGEST.angles,
    });
    return Array.from({ length: count }, (_, i) => (180 * i) / count);
  }
  if (Array.isArray(given)) checkSize("Tomography", "a number of angles", given.length, LARGEST.angles, "angles");
  if (!Array.isArray(given) || given.length === 0) {
    throw new ArgumentError(
      `Tomography: angles is ${Array.isArray(given) ? "empty" : shown(angles)}, ` +
        "expected a number of angles or a list of degrees.",
      "invalid_argument",
    );
  }
  return given.map((angle, i) => checkNumber("Tomography", `angles[${i}]`, angle));
}

/**
 * Parallel-beam tomography, the Radon transform: sums along parallel lines, `[B, C, W, W]` to
 * `[B, C, detectors, angles]`.
 *
 * The image, padded with zeros, is rotated with bilinear interpolation and summed over its rows. Without `circle` there
 * are `ceil(sqrt(2) W)` detectors. Without `normalize` the norm of the operator grows with the image size.
 *
 * Paper: Radon, "Über die Bestimmung von Funktionen durch ihre Integralwerte längs gewisser Mannigfaltigkeiten", 1917.
 */
export class Tomography<N extends NoiseModel = ZeroNoise> extends LinearPhysics<N, "tomography"> {
  protected static override readonly optionKeys: readonly string[] = [
    "angles",
    "imgWidth",
    "circle",
    "normalize",
    "adjointViaBackprop",
    "fbpInterpolateBoundary",
    "fbp",
    "filter",
  ];
  override readonly operator = "tomography" as const;
  /** Angles in degrees, `[angles]`. */
  readonly angles: Tensor;
  /** Width and height of the images. */
  readonly imgWidth: number;
  /** Whether only pixels inside the inscribed circle are measured. */
  readonly circle: boolean;
  /** The divisor of the operator: an estimate of its norm by power iteration, or 1 without `normalize`. */
  readonly operatorNorm: number = 1;
  /** Number of detectors. */
  protected readonly detectors: number;
  /** Angles in degrees. */
  protected readonly degrees: readonly number[];
  /** The weights of the views in the filtered back-projection, `[angles]`; undefined where all are pi / angles. */
  protected readonly viewWeights: Constant | undefined;
  /** The option `filter`. */
  protected readonly filter: ProjectionFilter;
  /** The filters that were used, as matrices `[detectors, detectors]`. */
  protected readonly filters = new Map<ProjectionFilter, Constant>();
  /** The option `fbpInterpolateBoundary`. */
  protected readonly interpolate: boolean;
  /** The option `fbp`. */
  protected readonly daggerIsFbp: boolean;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: TomographyOptions<N>) {
    const {
      angles,
      imgWidth,
      circle = false,
      normalize = true,
      adjointViaBackprop = true,
      fbpInterpolateBoundary = false,
      fbp = false,
      filter = "ramp",
      ...rest
    } = options ?? {};
    super(rest);
    for (const [name, value] of Object.entries({
      circle,
      normalize,
      adjointViaBackprop,
      fbpInterpolateBoundary,
      fbp,
    })) {
      if (typeof value !== "boolean")
        throw new ArgumentError(`Tomography: ${name} is ${shown(value)}, expected true or false.`, "invalid_argument");
    }
    this.degrees = angleList(angles);
    this.imgWidth = checkNumber("Tomography", "imgWidth", imgWidth, {
      integer: true,
      positive: true,
      max: LARGEST.imageSide,
    });
    this.circle = circle;
    this.interpolate = fbpInterpolateBoundary && !circle;
    if (this.interpolate && this.imgWidth < 5) {
      throw new ArgumentError(
        `Tomography: fbpInterpolateBoundary needs images of at least 5 pixels, imgWidth is ${this.imgWidth}.`,
        "invalid_argument",
      );
    }
    this.daggerIsFbp = fbp;
    this.angles = tensor(this.degrees);
    this.detectors = radonDetectors(this.imgWidth, circle);
    this.filter = checkWord("Tomography", "filter", filter, PROJECTION_FILTERS);
    const weights = viewWeights(this.degrees);
    this.viewWeights = weights && new Constant(() => Float64Array.from(weights), [weights.length]);
    if (!normalize) return;
    // On the CPU, as other devices cannot be read synchronously everywhere.
    const shape = [1, 1, this.imgWidth, this.imgWidth];
    const start = zeros(shape, { device: "cpu" });
    const settings = { angles: this.degrees, circle };
    const gram = (x: Tensor): Tensor =>
      radonTranspose(radon(x.reshape(shape.slice(1)), settings), { ...settings, width: this.imgWidth }).reshape(shape);
    // A fixed seed, so that equal options give equal operators.
    this.operatorNorm = powerIteration(gram, start, { rng: options.rng ?? new Rng(0) })
      .sqrt()
      .itemSync();
  }

  override A(x: Tensor): Tensor {
    checkImages("Tomography.A", "x", x);
    const [batch = 1, channels = 1, height, width] = x.shape;
    if (height !== this.imgWidth || width !== this.imgWidth) {
      throw new ShapeError(
        `Tomography.A: x has shape [${x.shape.join(", ")}], expected images of ` +
          `${this.imgWidth} x ${this.imgWidth} pixels, as imgWidth says.`,
        "shape_mismatch",
      );
    }
    const { detectors } = this;
    const y = radon(x.reshape([batch * channels, height, width]), {
      angles: this.degrees,
      circle: this.circle,
    }).reshape([batch, channels, detectors, this.angles.size]);
    return this.operatorNorm === 1 ? y : y.div(this.operatorNorm);
  }

  override AAdjoint(y: Tensor): Tensor {
    checkSinogram("Tomography.AAdjoint", y, this.detectors, this.angles.size);
    const [batch = 1, channels = 1, detectors = 1, angles = 1] = y.shape;
    const x = radonTranspose(y.reshape([batch * channels, detectors, angles]), {
      width: this.imgWidth,
      angles: this.degrees,
      circle: this.circle,
    }).reshape([batch, channels, this.imgWidth, this.imgWidth]);
    return this.operatorNorm === 1 ? x : x.div(this.operatorNorm);
  }

  /**
   * Filtered back-projection, `A^T (w (h * y)) / 2` with a filter `h` along the detectors and weights `w` of the views.
   *
   * The weight of a view is its share of half a turn: half the angle to its neighbour on either side, modulo 180
   * degrees; views of one direction share its weight. For n equally spaced views it is pi / n. The widest gap counts as
   * no wider than the second widest, and weights are scaled to the sum pi: of less than half a turn, the views at the
   * ends do not get the weight of what is missing.
   *
   * The filter is the ramp `2 |f|`, f the frequency in cycles per detector, times a window, as in scikit-image: 1
   * ("ramp"), `sin(pi f) / (pi f)` ("shepp-logan"), `cos(pi f)` ("cosine") or `(1 + cos(2 pi f)) / 2` ("hann").
   *
   * With many angles in [0, 180) it approximates the inverse of the transform; it is not the pseudo-inverse.
   * Papers: Ramachandran, Lakshminarayanan, "Three-dimensional reconstruction from radiographs and electron
   * micrographs", 1971; Shepp, Logan, "The Fourier reconstruction of a head section", 1974.
   *
   * @throws ArgumentError `invalid_argument` for another filter; ShapeError `shape_mismatch`.
   */
  fbp(y: Tensor, options: { filter?: ProjectionFilter } = {}): Tensor {
    checkSinogram("Tomography.fbp", y, this.detectors, this.angles.size);
    checkOptions("Tomography.fbp", options, ["filter"]);
    const name = checkWord("Tomography.fbp", "filter", options.filter ?? this.filter, PROJECTION_FILTERS);
    const filter = this.filters.get(name) ?? projectionFilter(name, this.detectors);
    this.filters.set(name, filter);
    const filtered = filter.like(y).matmul(y);
    const squaredNorm = this.operatorNorm ** 2;
    const x = this.viewWeights
      ? this.AAdjoint(filtered.mul(this.viewWeights.like(y))).mul(squaredNorm / 2)
      : this.AAdjoint(filtered).mul((Math.PI * squaredNorm) / (2 * this.angles.size));
    if (!this.interpolate) return x;
    const [batch = 1, channels = 1, height = 1, width = 1] = x.shape;
    return x
      .slice([0, 0, 2, 2], [batch, channels, height - 2, width - 2])
      .pad([0, 0, 0, 0, 2, 2, 2, 2], { mode: "replicate" });
  }

  /**
   * The pseudo-inverse by conjugate gradients, or with `fbp: true` the {@link fbp | filtered back-projection}, which is
   * much faster, with the filter `filter`.
   */
  override ADagger(y: Tensor, options: SolverOptions & { fbp?: boolean; filter?: ProjectionFilter } = {}): Tensor {
    const { fbp = this.daggerIsFbp, filter = this.filter, ...solver } = options;
    return fbp ? this.fbp(y, { filter }) : super.ADagger(y, solver);
  }
}

/** Refuses measurements of another shape than `[B, C, detectors, angles]`. */
function checkSinogram(caller: string, y: Tensor, detectors: number, angles: number): void {
  checkImages(caller, "y", y);
  if (y.shape[2] === detectors && y.shape[3] === angles) return;
  throw new ShapeError(
    `${caller}: y has shape [${y.shape.join(", ")}], expected ` +
      `[batch, channels, ${detectors} detectors, ${angles} angles].`,
    "shape_mismatch",
  );
}
