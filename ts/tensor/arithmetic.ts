import { ArgumentError } from "../runtime/index.js";
import { TensorBase } from "./base.js";
import { ops } from "./ops.generated.js";
import type { Tensor } from "./tensor.js";

type Operand = Tensor | number;

/** Elementwise arithmetic; shapes broadcast as in NumPy, the other operand may be a number. */
export abstract class TensorArithmetic extends TensorBase {
  #with(
    name: string,
    other: Operand,
    both: (a: Tensor, b: Tensor) => Tensor,
    one: (a: Tensor, b: number) => Tensor,
  ): Tensor {
    const self = this as unknown as Tensor;
    if (typeof other === "number") return one(self, other);
    if (other instanceof TensorBase) return both(self, other as Tensor);
    throw new ArgumentError(
      `${name}: the other operand is ${other === null ? "null" : typeof other}, expected a tensor or a number`,
      "invalid_argument",
    );
  }
  #on(op: (x: Tensor) => Tensor): Tensor {
    return op(this as unknown as Tensor);
  }

  /** a + b. */
  add(other: Operand): Tensor {
    return this.#with("add", other, ops.add, ops.addScalar);
  }
  /** a - b. */
  sub(other: Operand): Tensor {
    return this.#with("sub", other, ops.sub, (a, b) => ops.addScalar(a, -b));
  }
  /** a b. */
  mul(other: Operand): Tensor {
    return this.#with("mul", other, ops.mul, ops.mulScalar);
  }
  /** a / b. */
  div(other: Operand): Tensor {
    return this.#with("div", other, ops.div, (a, b) => ops.mulScalar(a, 1 / b));
  }
  /** a^b. */
  pow(other: Operand): Tensor {
    return this.#with("pow", other, ops.pow, ops.powScalar);
  }
  /** The larger of a and b. */
  maximum(other: Operand): Tensor {
    return this.#with("maximum", other, ops.maximum, (a, b) => ops.clamp(a, b, Infinity));
  }
  /** The smaller of a and b. */
  minimum(other: Operand): Tensor {
    return this.#with("minimum", other, ops.minimum, (a, b) => ops.clamp(a, -Infinity, b));
  }
  /** 1 where a = b, else 0. */
  eq(other: Operand): Tensor {
    return this.#with("eq", other, ops.eq, ops.eqScalar);
  }
  /** 1 where a is not b, else 0. */
  ne(other: Operand): Tensor {
    return this.#with("ne", other, ops.ne, ops.neScalar);
  }
  /** 1 where a > b, else 0. */
  gt(other: Operand): Tensor {
    return this.#with("gt", other, ops.gt, ops.gtScalar);
  }
  /** 1 where a >= b, else 0. */
  ge(other: Operand): Tensor {
    return this.#with("ge", other, ops.ge, ops.geScalar);
  }
  /** 1 where a < b, else 0. */
  lt(other: Operand): Tensor {
    return this.#with("lt", other, ops.lt, ops.ltScalar);
  }
  /** 1 where a <= b, else 0. */
  le(other: Operand): Tensor {
    return this.#with("le", other, ops.le, ops.leScalar);
  }

  /** min(max(x, min), max); either bound may be infinite. */
  clamp(min = -Infinity, max = Infinity): Tensor {
    return this.#on((x) => ops.clamp(x, min, max));
  }
  /** x where x > 0, else slope x. Default slope: 0.01. */
  leakyRelu(slope = 0.01): Tensor {
    return this.#on((x) => ops.leakyRelu(x, slope));
  }
  /** x where x > 0, else alpha (e^x - 1). Default alpha: 1. */
  elu(alpha = 1): Tensor {
    return this.#on((x) => ops.elu(x, alpha));
  }
  /** -x. */
  neg(): Tensor {
    return this.#on(ops.neg);
  }
  /** |x|. */
  abs(): Tensor {
    return this.#on(ops.abs);
  }
  /** -1, 0 or 1. */
  sign(): Tensor {
    return this.#on(ops.sign);
  }
  /** e^x. */
  exp(): Tensor {
    return this.#on(ops.exp);
  }
  /** Natural logarithm. */
  log(): Tensor {
    return this.#on(ops.log);
  }
  /** log(1 + x), exact near 0. */
  log1p(): Tensor {
    return this.#on(ops.log1p);
  }
  /** Square root. */
  sqrt(): Tensor {
    return this.#on(ops.sqrt);
  }
  /** 1 / sqrt(x). */
  rsqrt(): Tensor {
    return this.#on(ops.rsqrt);
  }
  /** 1 / x. */
  reciprocal(): Tensor {
    return this.#on(ops.reciprocal);
  }
  /** x^2. */
  square(): Tensor {
    return this.#on(ops.square);
  }
  /** Sine. */
  sin(): Tensor {
    return this.#on(ops.sin);
  }
  /** Cosine. */
  cos(): Tensor {
    return this.#on(ops.cos);
  }
  /** Hyperbolic tangent. */
  tanh(): Tensor {
    return this.#on(ops.tanh);
  }
  /** 1 / (1 + e^-x). */
  sigmoid(): Tensor {
    return this.#on(ops.sigmoid);
  }
  /** max(x, 0). */
  relu(): Tensor {
    return this.#on(ops.relu);
  }
  /** x / (1 + e^-x). */
  silu(): Tensor {
    return this.#on(ops.silu);
  }
  /** x times the standard normal distribution function of x. */
  gelu(): Tensor {
    return this.#on(ops.gelu);
  }
  /** log(1 + e^x). */
  softplus(): Tensor {
    return this.#on(ops.softplus);
  }
  /** Error function. */
  erf(): Tensor {
    return this.#on(ops.erf);
  }
  /** The largest integer not above. */
  floor(): Tensor {
    return this.#on(ops.floor);
  }
  /** The nearest integer, halves to even. */
  round(): Tensor {
    return this.#on(ops.round);
  }
}
