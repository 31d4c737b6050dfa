import { radon, radonDetectors, radonTranspose } from "../functional/index.js";
import { ArgumentError, checkNumber, ShapeError } from "../runtime/index.js";
import { Rng } from "../random/index.js";
import { tensor, Tensor, zeros } from "../tensor/index.js";
import { checkImages } from "./checks.js";
import { Constant } from "./functional/constant.js";
import type { SolverOptions } from "./least-squares.js";
import { LinearPhysics, type LinearOptions } from "./linear.js";
import { shown, type NoiseModel, type ZeroNoise } from "./noise/index.js";

/** Options of {@link Tomography}. */
export interface TomographyOptions<N extends NoiseModel = NoiseModel> extends LinearOptions<N> {
  /** Angles in degrees, or how many, spread evenly over [0, 180). */
  angles: number | readonly number[] | Tensor;
  /** Width and height of the images. */
  imgWidth: number;
  /** Only the pixels within the inscribed circle are seen, by as many detectors as the image is wide; default false. */
  circle?: boolean;
  /** Divides the operator by its norm, so that it has norm one; default true. */
  normalize?: boolean;
  /**
   * Kept for programs written for deepinv: the adjoint is the exact transpose for either value, since here that costs
   * no more.
   */
  adjointViaBackprop?: boolean;
  /**
   * The filtered back-projection repeats its third pixel from the border over the two outer ones, which it gets wrong;
   * default false; not with `circle`.
   */
  fbpInterpolateBoundary?: boolean;
  /**
   * What `ADagger` gives unless a call says otherwise: the filtered back-projection instead of least squares; default
   * false.
   */
  fbp?: boolean;
}

function angleList(angles: unknown): number[] {
  const given: unknown =
    angles instanceof Tensor
      ? Array.from(angles.dataSync())
      : ArrayBuffer.isView(angles)
        ? Array.from(angles as Float32Array)
        : angles;
  if (typeof given === "number") {
    const count = checkNumber("Tomography", "angles", given, { integer: true, positive: true });
    return Array.from({ length: count }, (_, i) => (180 * i) / count);
  }
  if (!Array.isArray(given) || given.length === 0) {
    throw new ArgumentError(
      `Tomography: angles is ${Array.isArray(given) ? "empty" : shown(angles)}, expected a number of angles or a list of degrees.`,
      "invalid_argument",
    );
  }
  return given.map((angle, i) => checkNumber("Tomography", `angles[${i}]`, angle));
}

/** The ramp filter `|f|` along the detectors as a matrix: `h(0) = 1/2`, `h(n) = -2 / (pi n)^2` for odd `n`, else 0. */
function rampMatrix(detectors: number): Constant {
  const taps = Array.from({ length: detectors }, (_, n) => (n === 0 ? 0.5 : n % 2 === 0 ? 0 : -2 / (Math.PI * n) ** 2));
  return new Constant(
    () =>
      Float64Array.from(
        { length: detectors * detectors },
        (_, k) => taps[Math.abs(Math.floor(k / detectors) - (k % detectors))] as number,
      ),
    [detectors, detectors],
  );
}

/**
 * Parallel-beam tomography: sums along parallel lines (the Radon transform), `[B, C, W, W]` to `[B, C, detectors,
 * angles]`.
 *
 * The image, zero outside, is turned with bilinear interpolation and summed over its rows. Without `circle` there are
 * `ceil(sqrt(2) W)` detectors. Sums are not scaled by the image size, so the norm of the operator grows with it unless
 * `normalize` is set.
 *
 * Paper: Radon, "Über die Bestimmung von Funktionen durch ihre Integralwerte längs gewisser Mannigfaltigkeiten", 1917.
 */
export class Tomography<N extends NoiseModel = ZeroNoise> extends LinearPhysics<N, "tomography"> {
  /** Angles in degrees, `[angles]`. */
  readonly angles: Tensor;
  /** Width and height of the images. */
  readonly imgWidth: number;
  /** Whether only the pixels within the inscribed circle are seen. */
  readonly circle: boolean;
  /** By what the operator is divided, a power-iteration estimate of its norm; 1 without `normalize`. */
  readonly operatorNorm: number = 1;
  private readonly detectors: number;
  private readonly degrees: readonly number[];
  private readonly ramp: Constant;
  private readonly interpolate: boolean;
  private readonly daggerIsFbp: boolean;

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
      ...rest
    } = options ?? {};
    super(rest, {
      className: "Tomography",
      keys: ["angles", "imgWidth", "circle", "normalize", "adjointViaBackprop", "fbpInterpolateBoundary", "fbp"],
      operator: "tomography",
    });
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
    this.imgWidth = checkNumber("Tomography", "imgWidth", imgWidth, { integer: true, positive: true });
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
    this.ramp = rampMatrix(this.detectors);
    if (!normalize) return;
    const start = zeros([1, 1, this.imgWidth, this.imgWidth], { device: "cpu" });
    // A fixed seed, so that an operator built twice is the same twice; on the cpu, because no other device can be
    // waited for everywhere.
    this.operatorNorm = this.computeNorm(start, { squared: false, rng: options.rng ?? new Rng(0) }).itemSync();
  }

  override A(x: Tensor): Tensor {
    checkImages("Tomography.A", "x", x);
    const [batch = 1, channels = 1, height, width] = x.shape;
    if (height !== this.imgWidth || width !== this.imgWidth) {
      throw new ShapeError(
        `Tomography.A: x has shape [${x.shape.join(", ")}], expected images of ${this.imgWidth} x ${this.imgWidth} pixels, as imgWidth says.`,
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
    this.checkSinogram("AAdjoint", y);
    const [batch = 1, channels = 1, detectors = 1, angles = 1] = y.shape;
    const x = radonTranspose(y.reshape([batch * channels, detectors, angles]), {
      width: this.imgWidth,
      angles: this.degrees,
      circle: this.circle,
    }).reshape([batch, channels, this.imgWidth, this.imgWidth]);
    return this.operatorNorm === 1 ? x : x.div(this.operatorNorm);
  }

  /**
   * Filtered back-projection, `pi / (2 angles) A^T (h * y)` with the ramp filter `h` along the detectors.
   *
   * For many angles over half a turn close to the inverse of the transform, and robust to noise; not the
   * pseudo-inverse. Paper: Ramachandran, Lakshminarayanan, "Three-dimensional reconstruction from radiographs and
   * electron micrographs", 1971.
   */
  fbp(y: Tensor): Tensor {
    this.checkSinogram("fbp", y);
    const x = this.AAdjoint(this.ramp.like(y).matmul(y)).mul(
      (Math.PI * this.operatorNorm ** 2) / (2 * this.angles.size),
    );
    if (!this.interpolate) return x;
    const [batch = 1, channels = 1, height = 1, width = 1] = x.shape;
    return x
      .slice([0, 0, 2, 2], [batch, channels, height - 2, width - 2])
      .pad([0, 0, 0, 0, 2, 2, 2, 2], { mode: "replicate" });
  }

  /**
   * The pseudo-inverse by least squares, or with `fbp: true` the {@link fbp | filtered back-projection}, which is much
   * faster.
   */
  override ADagger(y: Tensor, options: SolverOptions & { fbp?: boolean } = {}): Tensor {
    const { fbp = this.daggerIsFbp, ...solver } = options;
    return fbp ? this.fbp(y) : super.ADagger(y, solver);
  }

  private checkSinogram(method: string, y: Tensor): void {
    checkImages(`Tomography.${method}`, "y", y);
    const { detectors } = this;
    if (y.shape[2] === detectors && y.shape[3] === this.angles.size) return;
    throw new ShapeError(
      `Tomography.${method}: y has shape [${y.shape.join(", ")}], expected [batch, channels, ${detectors} detectors, ${this.angles.size} angles].`,
      "shape_mismatch",
    );
  }
}
