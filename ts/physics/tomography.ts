import { radon, radonDetectors, radonTranspose } from "../functional/index.js";
import {
  ArgumentError,
  checkFlag,
  checkNumber,
  checkOptions,
  checkSize,
  checkWord,
  LARGEST,
  ShapeError,
  shown,
  checkOptionsObject,
} from "../runtime/index.js";
import { type RandomSource, Rng } from "../random/index.js";
import { cat, tensor, Tensor, zeros, freeOnError, checkTensor, tidy } from "../tensor/index.js";
import { checkImages } from "./argument-checks.js";
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
import type { PhysicsParameters } from "./physics.js";
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

/** The views of an image. */
interface Views {
  /** Angles in degrees. */
  readonly degrees: readonly number[];
  /** Their weights in the filtered back-projection, `[angles]`; undefined where all are pi / angles. */
  readonly weights: readonly number[] | undefined;
}

function viewsOf(degrees: readonly number[]): Views {
  return { degrees, weights: viewWeights(degrees) };
}

/** The views that `angles` describes: one list for all images, or of a tensor `[B, angles]` one for each. */
function viewLists(angles: unknown): Views[] {
  if (!(angles instanceof Tensor) || angles.shape.length < 2) return [viewsOf(angleList(angles))];
  const [images = 0, count = 0] = angles.shape;
  if (angles.shape.length > 2 || angles.size === 0) {
    throw new ShapeError(
      `Tomography.update: angles has shape [${angles.shape.join(", ")}], expected [angles] or [images, angles].`,
      "shape_mismatch",
    );
  }
  const values = angleList(angles);
  const lists = Array.from({ length: images }, (_, i) => values.slice(i * count, (i + 1) * count));
  const same = lists.every((list) => list.every((angle, k) => angle === values[k]));
  return (same ? lists.slice(0, 1) : lists).map(viewsOf);
}

/** An estimate of the operator's norm. */
function normOf(width: number, settings: { angles: number[]; circle: boolean }, rng: RandomSource): number {
  const shape = [1, 1, width, width];
  const gram = (x: Tensor): Tensor =>
    radonTranspose(radon(x.reshape(shape.slice(1)), settings), { ...settings, width }).reshape(shape);
  // On the CPU, as other devices cannot be read synchronously everywhere.
  return tidy(() =>
    powerIteration(gram, zeros(shape, { device: "cpu" }), { rng })
      .sqrt()
      .itemSync(),
  );
}

/** Applies a map to images that have the same views, or to each with its own. */
function eachViews(
  caller: string,
  views: readonly Views[],
  batch: Tensor,
  map: (part: Tensor, views: Views) => Tensor,
): Tensor {
  const [first, ...others] = views as readonly [Views, ...Views[]];
  if (others.length === 0) return map(batch, first);
  if (views.length !== batch.shape[0]) {
    throw new ShapeError(
      `${caller}: there are angles for ${views.length} images, but ${batch.shape[0] ?? 0} came; ` +
        "set one list for all, or one for each of them, with update({ angles }).",
      "shape_mismatch",
    );
  }
  const parts = views.map((own, i) => map(batch.slice([i, 0, 0, 0], [i + 1, ...batch.shape.slice(1)]), own));
  return cat(parts, 0);
}

/**
 * Parallel-beam tomography, the Radon transform: sums along parallel lines, `[B, C, W, W]` to
 * `[B, C, detectors, angles]`.
 *
 * The image, padded with zeros, is rotated with bilinear interpolation and summed over its rows. Without `circle` there
 * are `ceil(sqrt(2) W)` detectors. Without `normalize` the norm of the operator grows with the image size.
 *
 * `angles` is a parameter, `[angles]` or one list for each image, `[B, angles]`; the divisor of the operator stays that
 * of the angles that the constructor was given, so that measurements under other angles have the same scale.
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
  /** Angles in degrees, `[angles]`, or one list for each image, `[B, angles]`. */
  angles: Tensor;
  /** Width and height of the images. */
  readonly imgWidth: number;
  /** Whether only pixels inside the inscribed circle are measured. */
  readonly circle: boolean;
  /** The divisor of the operator: an estimate of its norm by power iteration, or 1 without `normalize`. */
  readonly operatorNorm: number = 1;
  /** Number of detectors. */
  protected readonly detectors: number;
  /** The views of all images, or of each. */
  protected views: readonly Views[];
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
    checkOptionsObject(new.target.name, options);
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
    } = options;
    super(rest);
    for (const [name, value] of Object.entries({
      circle,
      normalize,
      adjointViaBackprop,
      fbpInterpolateBoundary,
      fbp,
    })) {
      checkFlag("Tomography", name, value, false);
    }
    if (angles instanceof Tensor && angles.shape.length > 1) {
      throw new ShapeError(
        `Tomography: angles has shape [${angles.shape.join(", ")}], expected [angles]; one list for each image is a ` +
          "parameter, update({ angles }).",
        "shape_mismatch",
      );
    }
    const degrees = angleList(angles);
    this.views = [viewsOf(degrees)];
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
    this.filter = checkWord("Tomography", "filter", filter, PROJECTION_FILTERS);
    this.detectors = radonDetectors(this.imgWidth, circle);
    // A fixed seed, so that equal options give equal operators.
    if (normalize) this.operatorNorm = normOf(this.imgWidth, { angles: degrees, circle }, options.rng ?? new Rng(0));
    this.angles = tensor(degrees);
  }

  override A(x: Tensor): Tensor {
    return freeOnError(() => {
      checkImages("Tomography.A", "x", x);
      const [, channels = 1, height, width] = x.shape;
      if (height !== this.imgWidth || width !== this.imgWidth) {
        throw new ShapeError(
          `Tomography.A: x has shape [${x.shape.join(", ")}], expected images of ` +
            `${this.imgWidth} x ${this.imgWidth} pixels, as imgWidth says.`,
          "shape_mismatch",
        );
      }
      const { detectors, circle } = this;
      const y = eachViews("Tomography.A", this.views, x, (part, { degrees }) => {
        const images = part.shape[0] ?? 1;
        return radon(part.reshape([images * channels, height, width]), { angles: degrees, circle }).reshape([
          images,
          channels,
          detectors,
          degrees.length,
        ]);
      });
      return this.operatorNorm === 1 ? y : y.div(this.operatorNorm);
    });
  }

  override AAdjoint(y: Tensor): Tensor {
    checkTensor(`${this.className}.AAdjoint`, "y", y);
    return freeOnError(() => {
      checkSinogram("Tomography.AAdjoint", y, this.detectors, viewCount(this.views));
      const { circle, imgWidth: width } = this;
      const x = eachViews("Tomography.AAdjoint", this.views, y, (part, { degrees }) => {
        const [images = 1, channels = 1, detectors = 1, count = 1] = part.shape;
        const rows = part.reshape([images * channels, detectors, count]);
        return radonTranspose(rows, { width, angles: degrees, circle }).reshape([images, channels, width, width]);
      });
      return this.operatorNorm === 1 ? x : x.div(this.operatorNorm);
    });
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
    checkTensor(`${this.className}.fbp`, "y", y);
    return freeOnError(() => {
      checkSinogram("Tomography.fbp", y, this.detectors, viewCount(this.views));
      checkOptions("Tomography.fbp", options, ["filter"]);
      const name = checkWord("Tomography.fbp", "filter", options.filter ?? this.filter, PROJECTION_FILTERS);
      const filter = this.filters.get(name) ?? projectionFilter(name, this.detectors);
      this.filters.set(name, filter);
      const filtered = filter.like(y).matmul(y);
      const squaredNorm = this.operatorNorm ** 2;
      const x = this.views.every(({ weights }) => weights === undefined)
        ? this.AAdjoint(filtered).mul((Math.PI * squaredNorm) / (2 * viewCount(this.views)))
        : this.AAdjoint(eachViews("Tomography.fbp", this.views, filtered, weighted)).mul(squaredNorm / 2);
      if (!this.interpolate) return x;
      const [batch = 1, channels = 1, height = 1, width = 1] = x.shape;
      return x
        .slice([0, 0, 2, 2], [batch, channels, height - 2, width - 2])
        .pad([0, 0, 0, 0, 2, 2, 2, 2], { mode: "replicate" });
    });
  }

  /**
   * The pseudo-inverse by conjugate gradients, or with `fbp: true` the {@link fbp | filtered back-projection}, which is
   * much faster, with the filter `filter`.
   */
  override ADagger(y: Tensor, options: SolverOptions & { fbp?: boolean; filter?: ProjectionFilter } = {}): Tensor {
    checkTensor(`${this.className}.ADagger`, "y", y);
    return freeOnError(() => {
      checkOptions(`${this.className}.ADagger`, options, ["maxIter", "tol", "fbp", "filter"]);
      const { fbp = this.daggerIsFbp, filter = this.filter, ...solver } = options;
      return fbp ? this.fbp(y, { filter }) : super.ADagger(y, solver);
    });
  }

  override parameterNames(): readonly string[] {
    return ["angles"];
  }

  /** Sets the angles, which are read, as the operator computes with numbers. */
  protected override setParameters({ angles }: PhysicsParameters): void {
    this.views = viewLists(angles);
    const lists = this.views.map(({ degrees }) => degrees);
    const shape = lists.length === 1 ? [viewCount(this.views)] : [lists.length, viewCount(this.views)];
    this.angles = tensor(Float64Array.from(lists.flat()), { shape, dtype: this.angles.dtype });
  }
}

/** Projections times the weights of their views. */
function weighted(y: Tensor, { degrees, weights }: Views): Tensor {
  if (weights === undefined) return y.mul(Math.PI / degrees.length);
  return y.mul(tensor(Float64Array.from(weights), { shape: [weights.length], dtype: y.dtype, device: y.device }));
}

/** Number of views of an image. */
function viewCount(views: readonly Views[]): number {
  return views[0]?.degrees.length ?? 0;
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
