import { ArgumentError, checkNumber } from "../runtime/index.js";
import { TensorArithmetic } from "./arithmetic.js";
import { axes, axis } from "./axes.js";
import { ops } from "./ops.generated.js";
import type { Tensor } from "./tensor.js";
import type { Dims } from "./types.js";

type Reduce = (x: Tensor, dims: readonly number[], keepDims: number) => Tensor;

/** Reductions over axes (default: all); `keepDims` leaves them with size one. */
export abstract class TensorReduction extends TensorArithmetic {
  #reduce(name: string, op: Reduce, dims: Dims | undefined, keepDims: boolean): Tensor {
    const self = this as unknown as Tensor;
    const list = axes(name, dims, this.rank);
    if (dims !== undefined && list.length === 0) return self.clone();
    return op(self, list, keepDims ? 1 : 0);
  }

  /** Sum. */
  sum(dims?: Dims, keepDims = false): Tensor {
    return this.#reduce("sum", ops.sum, dims, keepDims);
  }
  /** Mean. */
  mean(dims?: Dims, keepDims = false): Tensor {
    return this.#reduce("mean", ops.mean, dims, keepDims);
  }
  /** Largest element; equal ones share the gradient. */
  max(dims?: Dims, keepDims = false): Tensor {
    return this.#reduce("max", ops.max, dims, keepDims);
  }
  /** Smallest element; equal ones share the gradient. */
  min(dims?: Dims, keepDims = false): Tensor {
    return this.#reduce("min", ops.min, dims, keepDims);
  }
  /** Product. */
  prod(dims?: Dims, keepDims = false): Tensor {
    return this.#reduce("prod", ops.prod, dims, keepDims);
  }

  /** `sum (x - mean)^2 / (n - correction)`; default correction: 1 (unbiased). */
  variance(dims?: Dims, keepDims = false, correction = 1): Tensor {
    const list = dims === undefined ? this.shape.map((_, i) => i) : axes("variance", dims, this.rank);
    const count = list.reduce((n, d) => n * (this.shape[d] as number), 1);
    const centred = this.sub(this.mean(list, true));
    return centred
      .square()
      .sum(list, keepDims)
      .div(Math.max(count - correction, 0));
  }
  /** Square root of {@link variance}. */
  std(dims?: Dims, keepDims = false, correction = 1): Tensor {
    return this.variance(dims, keepDims, correction).sqrt();
  }

  /**
   * `(sum |x|^p)^(1/p)`, for `p = Infinity` the largest modulus; default p: 2. At zero the gradient is zero for p = 2.
   * Throws ArgumentError `invalid_argument` unless p > 0.
   */
  norm(p = 2, dims?: Dims, keepDims = false): Tensor {
    if (p === Infinity) return this.abs().max(dims, keepDims);
    checkNumber("norm", "p", p, { positive: true });
    if (p === 1) return this.abs().sum(dims, keepDims);
    if (p !== 2)
      return this.abs()
        .pow(p)
        .sum(dims, keepDims)
        .pow(1 / p);
    const squares = this.square().sum(dims, keepDims);
    // sqrt has an infinite slope at 0; there the argument is replaced by 1 and the result by 0, so that the gradient is
    // 0 and not NaN.
    const zero = squares.detach().eq(0);
    return ops.mul(squares.add(zero).sqrt(), zero.neg().add(1));
  }

  #arg(
    name: string,
    op: (x: Tensor, dim: number, keepDims: number) => Tensor,
    dim: number | undefined,
    keepDims: boolean,
  ): Tensor {
    const self = this as unknown as Tensor;
    if (this.size === 0) throw new ArgumentError(`${name}: the tensor is empty`, "invalid_argument");
    if (dim === undefined) return op(self.reshape([-1]), 0, 0);
    return op(self, axis(name, dim, this.rank), keepDims ? 1 : 0);
  }
  /** Index of the largest element along an axis, or of all elements in row-major order. */
  argmax(dim?: number, keepDims = false): Tensor {
    return this.#arg("argmax", ops.argmax, dim, keepDims);
  }
  /** Index of the smallest element along an axis, or of all elements in row-major order. */
  argmin(dim?: number, keepDims = false): Tensor {
    return this.#arg("argmin", ops.argmin, dim, keepDims);
  }
}
