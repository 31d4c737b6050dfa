import { checkTensor, freeOnError } from "../tensor/index.js";
import { matching } from "../functional/index.js";
import { ArgumentError, checkFlag, checkNumber, ShapeError, checkOptionsObject } from "../runtime/index.js";
import { resolveRng } from "../random/index.js";
import type { Tensor } from "../tensor/index.js";
import { checkTensorOption, checkRank } from "./argument-checks.js";
import { LinearPhysics, type LinearOptions } from "./linear.js";
import type { NoiseModel, ZeroNoise } from "./noise/index.js";

/** Options of {@link CompressedSensing}. */
export interface CompressedSensingOptions<N extends NoiseModel = NoiseModel> extends LinearOptions<N> {
  /** Number of measurements; with `channelwise`, of each channel. */
  m: number;
  /** Size of the images without the batch, `[C, H, W]`. */
  imgSize: readonly number[];
  /** Whether each channel is measured separately, with the same matrix. Default: false. */
  channelwise?: boolean;
  /** The matrix, `[m, n]`. Default: random entries from `N(0, 1/m)`. */
  matrix?: Tensor;
}

/**
 * Compressed sensing: `y = M x` with a Gaussian matrix; measurements are `[B, m]`, with `channelwise` `[B, C, m]`.
 */
export class CompressedSensing<N extends NoiseModel = ZeroNoise> extends LinearPhysics<N, "compressedSensing"> {
  protected static override readonly optionKeys: readonly string[] = ["m", "imgSize", "channelwise", "matrix"];
  override readonly operator = "compressedSensing" as const;
  /** The matrix, `[m, n]`. */
  readonly matrix: Tensor;
  declare readonly imgSize: readonly number[];
  /** Whether each channel is measured separately. */
  readonly channelwise: boolean;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`; ShapeError `shape_mismatch`. */
  constructor(options: CompressedSensingOptions<N>) {
    checkOptionsObject(new.target.name, options);
    const { m, channelwise, matrix, ...rest } = options;
    if (rest.imgSize === undefined)
      throw new ArgumentError(
        "CompressedSensing: imgSize is missing; pass it, such as [1, 32, 32].",
        "missing_argument",
      );
    super(rest);
    const rows = checkNumber("CompressedSensing", "m", m, { integer: true, positive: true });
    this.channelwise = checkFlag("CompressedSensing", "channelwise", channelwise, false);
    const size = this.channelwise ? this.imgSize.slice(1) : this.imgSize;
    const columns = size.reduce((a, b) => a * b, 1);
    if (matrix !== undefined) checkTensorOption("CompressedSensing", "matrix", matrix, 2);
    this.matrix =
      matrix ??
      freeOnError(() =>
        resolveRng(options.rng)
          .normal([rows, columns])
          .mul(1 / Math.sqrt(rows)),
      );
    if (this.matrix.shape.length !== 2 || this.matrix.shape[0] !== rows || this.matrix.shape[1] !== columns) {
      throw new ShapeError(
        `CompressedSensing: matrix has shape [${this.matrix.shape.join(", ")}], expected [${rows}, ${columns}].`,
        "shape_mismatch",
      );
    }
  }

  override A(x: Tensor): Tensor {
    checkTensor(`${this.className}.A`, "x", x);
    return freeOnError(() => {
      checkShape("CompressedSensing.A", "x", x, this.imgSize);
      const [m = 1, n = 1] = this.matrix.shape;
      return x
        .reshape([-1, n])
        .matmul(matching(this.matrix, x).transpose(0, 1))
        .reshape([x.shape[0] ?? 1, ...(this.channelwise ? this.imgSize.slice(0, 1) : []), m]);
    });
  }

  override AAdjoint(y: Tensor): Tensor {
    checkTensor(`${this.className}.AAdjoint`, "y", y);
    return freeOnError(() => {
      const [m = 1] = this.matrix.shape;
      checkShape("CompressedSensing.AAdjoint", "y", y, this.channelwise ? [this.imgSize[0] ?? 1, m] : [m]);
      return y
        .reshape([-1, m])
        .matmul(matching(this.matrix, y))
        .reshape([y.shape[0] ?? 1, ...this.imgSize]);
    });
  }
}

/** Refuses tensors of another shape than `[batch, ...expected]`. */
function checkShape(caller: string, name: string, t: Tensor, expected: readonly number[]): void {
  checkRank(caller, name, t);
  if (t.shape.length === expected.length + 1 && expected.every((n, i) => n === t.shape[i + 1])) return;
  throw new ShapeError(
    `${caller}: ${name} has shape [${t.shape.join(", ")}], expected [batch, ${expected.join(", ")}].`,
    "shape_mismatch",
  );
}
