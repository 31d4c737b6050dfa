import {
  ArgumentError,
  checkFlag,
  checkNumber,
  checkSize,
  checkWord,
  LARGEST,
  ShapeError,
  checkOptionsObject,
} from "../runtime/index.js";
import { resolveRng } from "../random/index.js";
import { tensor, type Tensor, checkTensor, freeOnError, tidy } from "../tensor/index.js";
import { checkImgSize, checkRank } from "./argument-checks.js";
import { DecomposablePhysics } from "./decomposable.js";
import { Constant } from "./functional/constant.js";
import { hadamardMatrix, hadamardOrder, isPowerOfTwo, ORDERINGS, type Ordering } from "./functional/hadamard.js";
import { svd } from "./functional/svd.js";
import type { LinearOptions } from "./linear.js";
import type { NoiseModel, ZeroNoise } from "./noise/index.js";

export type { Ordering };

/** Options of {@link SinglePixelCamera}. */
export interface SinglePixelCameraOptions<N extends NoiseModel = NoiseModel> extends LinearOptions<N> {
  /** Number of patterns, which is the number of measurements of each channel. */
  m: number;
  /** Size of the images, `[C, H, W]`. */
  imgSize: readonly number[];
  /** Whether the patterns are Hadamard patterns, for which height and width must be powers of 2. Default: true. */
  fast?: boolean;
  /** Order of the Hadamard patterns, of which the first `m` are used. Default: "sequency". */
  ordering?: Ordering;
}

/**
 * Single-pixel camera: inner products of each channel of images `[B, C, H, W]` with binary patterns.
 *
 * With `fast`, `y = mask * H x` for the orthonormal two-dimensional Hadamard transform `H`, of which the first `m`
 * coefficients in the given order are kept; measurements have the shape of the images, and coefficients that are not
 * kept have no noise. Otherwise the patterns are random, `-1 / sqrt(m)` and `1 / sqrt(m)` with equal probability, and
 * measurements are `[B, C, m]`; their singular value decomposition is computed on the CPU, which takes seconds for
 * several hundred patterns. The pseudo-inverse and the proximal operator have closed forms.
 */
export class SinglePixelCamera<N extends NoiseModel = ZeroNoise> extends DecomposablePhysics<N, "singlePixelCamera"> {
  protected static override readonly optionKeys: readonly string[] = ["m", "fast", "ordering"];
  override readonly operator = "singlePixelCamera" as const;
  declare readonly imgSize: readonly number[];
  declare mask: Tensor;
  /** Number of patterns. */
  readonly m: number;
  /** Whether the patterns are Hadamard patterns. */
  readonly fast: boolean;
  /** With `fast`, the Hadamard matrix of the columns; otherwise the left singular vectors, `[m, k]`. */
  protected readonly left: Constant;
  /** With `fast`, the Hadamard matrix of the rows; otherwise the right singular vectors, `[k, H W]`. */
  protected readonly right: Constant;

  /** @throws ArgumentError `invalid_argument`, `missing_argument`, `unknown_option`. */
  constructor(options: SinglePixelCameraOptions<N>) {
    checkOptionsObject(new.target.name, options);
    const { m, fast = true, ordering = "sequency", ...rest } = options;
    if (rest.imgSize === undefined)
      throw new ArgumentError(
        "SinglePixelCamera: imgSize is missing; pass it, such as [1, 32, 32].",
        "missing_argument",
      );
    super(rest);
    const size = checkImgSize("SinglePixelCamera", rest.imgSize);
    if (size.length !== 3)
      throw new ArgumentError(
        `SinglePixelCamera: imgSize is [${size.join(", ")}], expected [channels, height, width].`,
        "invalid_argument",
      );
    checkFlag("SinglePixelCamera", "fast", fast, true);
    const [channels, height, width] = size as [number, number, number];
    this.m = checkNumber("SinglePixelCamera", "m", m, {
      integer: true,
      positive: true,
      ...(fast ? { max: height * width } : {}),
    });
    this.fast = fast;
    checkWord("SinglePixelCamera", "ordering", ordering, ORDERINGS);
    if (fast) {
      if (!isPowerOfTwo(height) || !isPowerOfTwo(width)) {
        throw new ArgumentError(
          `SinglePixelCamera: the images have ${height} x ${width} pixels, but the Hadamard transform needs powers ` +
            "of 2; crop or pad them, or set fast: false.",
          "invalid_argument",
        );
      }
      for (const side of [height, width])
        checkSize("SinglePixelCamera", "a side of the Hadamard matrix", side, LARGEST.filterSide, "imgSize");
      const kept = new Float32Array(height * width);
      for (const i of hadamardOrder(ordering, height, width).slice(0, this.m)) kept[i] = 1;
      this.mask = freeOnError(() =>
        tensor(kept, { shape: [1, 1, height, width] }).expand([1, channels, height, width]),
      );
      this.left = hadamardMatrix(height);
      this.right = height === width ? this.left : hadamardMatrix(width);
    } else {
      const n = height * width;
      checkSize("SinglePixelCamera", "a matrix for m and imgSize", Math.max(this.m, n), LARGEST.window, "imgSize");
      const rng = resolveRng(options.rng);
      const patterns = tidy(() => rng.rademacher([this.m, n], { dtype: "float64", device: "cpu" }).dataSync());
      const { u, s, vt } = svd(
        Float64Array.from(patterns, (v) => v / Math.sqrt(this.m)),
        this.m,
        n,
      );
      this.mask = tensor(s, { shape: [1, 1, s.length] });
      this.left = new Constant(() => u, [this.m, s.length]);
      this.right = new Constant(() => vt, [s.length, n]);
    }
  }

  protected override get masksMeasurements(): boolean {
    return this.fast;
  }

  protected override check(caller: string, name: string, value: Tensor): void {
    checkRank(caller, name, value);
    const expected = name === "x" || this.fast ? this.imgSize : [this.imgSize[0] as number, this.m];
    if (value.shape.length === expected.length + 1 && expected.every((n, i) => n === value.shape[i + 1])) return;
    throw new ShapeError(
      `${caller}: ${name} has shape [${value.shape.join(", ")}], expected [batch, ${expected.join(", ")}].`,
      "shape_mismatch",
    );
  }

  /** The orthonormal Hadamard transform of rows and columns. */
  protected hadamard(x: Tensor): Tensor {
    const [, height = 1, width = 1] = this.imgSize;
    return this.left
      .like(x)
      .matmul(x)
      .matmul(this.right.like(x))
      .mul(1 / Math.sqrt(height * width));
  }

  /** Image to spectrum: with `fast` `[B, C, H, W]`, otherwise `[B, C, k]`. */
  override VAdjoint(x: Tensor): Tensor {
    checkTensor(`${this.className}.VAdjoint`, "x", x);
    return freeOnError(() => {
      if (this.fast) return this.hadamard(x);
      const [batch = 1, channels = 1] = x.shape;
      return x.reshape([batch, channels, -1]).matmul(this.right.like(x).transpose(0, 1));
    });
  }

  /** Spectrum to image. */
  override V(s: Tensor): Tensor {
    checkTensor(`${this.className}.V`, "s", s);
    return freeOnError(() => {
      if (this.fast) return this.hadamard(s);
      return s.matmul(this.right.like(s)).reshape([s.shape[0] ?? 1, ...this.imgSize]);
    });
  }

  /** Spectrum to measurements. */
  override U(s: Tensor): Tensor {
    return freeOnError(() => {
      checkTensor(`${this.className}.U`, "s", s);
      return this.fast ? s : s.matmul(this.left.like(s).transpose(0, 1));
    });
  }

  /** Measurements to spectrum. */
  override UAdjoint(y: Tensor): Tensor {
    return freeOnError(() => {
      checkTensor(`${this.className}.UAdjoint`, "y", y);
      return this.fast ? y : y.matmul(this.left.like(y));
    });
  }
}
