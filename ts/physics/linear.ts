import { ArgumentError, checkOptions, checkOptionsObject } from "../runtime/index.js";
import { resolveRng, type RandomSource } from "../random/index.js";
import { vjp, zeros, type Tensor, freeOnError, checkTensor } from "../tensor/index.js";
import { checkImgSize, checkRank } from "./argument-checks.js";
import type { OperatorKind } from "./kinds.js";
import {
  callSettings,
  checkGamma,
  conjugateGradient,
  proximal,
  solverSettings,
  startImage,
  type SolverOptions,
} from "./least-squares.js";
import type { NoiseModel } from "./noise/index.js";
import {
  ComposedPhysics,
  lastOf,
  operatorList,
  Physics,
  updateEach,
  withLast,
  type NoiseDrawOptions,
  type PhysicsOptions,
  type PhysicsParameters,
} from "./physics.js";
import { NORM_OPTIONS, powerIteration, type NormOptions } from "./power-iteration.js";

/** Options that every linear physics takes. */
export interface LinearOptions<N extends NoiseModel = NoiseModel> extends PhysicsOptions<N>, SolverOptions {}

/** The transpose of a linear map `f` of images `[B, ...imgSize]`, by reverse-mode differentiation. */
export function adjointFunction(f: (x: Tensor) => Tensor, imgSize: readonly number[]): (y: Tensor) => Tensor {
  return (y) => {
    const origin = zeros([y.shape[0] ?? 1, ...imgSize], { dtype: y.dtype, device: y.device });
    return vjp(f, origin)[1](y);
  };
}

/**
 * A physics with a linear operator, `y = noise(A x)`.
 *
 * A subclass, or the options, define `A`, and `AAdjoint` where it is known. Otherwise the adjoint is derived by
 * reverse-mode differentiation, which needs `imgSize`. The pseudo-inverse and the proximal operator are computed by
 * conjugate gradients, unless a subclass has a closed form. A subclass of one's own: see custom.md#a-physics.
 */
export class LinearPhysics<N extends NoiseModel = NoiseModel, O extends OperatorKind = OperatorKind> extends Physics<
  N,
  O
> {
  protected static override readonly commonOptionKeys: readonly string[] = [
    ...Physics.commonOptionKeys,
    "maxIter",
    "tol",
  ];
  protected static override readonly optionKeys: readonly string[] = ["A", "AAdjoint", "imgSize"];

  /** Size of the images without the batch, such as `[C, H, W]`, where it is fixed. */
  readonly imgSize: readonly number[] | undefined;
  /** Settings of the iterative solvers. */
  protected readonly solver: Required<SolverOptions>;
  /** The option `AAdjoint`, or the identity where `A` is the identity. */
  protected readonly adjointMap: ((y: Tensor) => Tensor) | undefined;

  /**
   * Options: those of every physics, `A`, `AAdjoint`, `imgSize`, and those of the solver, `maxIter` and `tol`.
   *
   * @throws ArgumentError `invalid_argument`, `unknown_option`.
   */
  constructor(
    options: LinearOptions<N> & {
      A?: (x: Tensor) => Tensor;
      AAdjoint?: (y: Tensor) => Tensor;
      imgSize?: readonly number[];
    } = {},
  ) {
    super(options);
    const className = new.target.name;
    this.imgSize = options.imgSize === undefined ? undefined : checkImgSize(className, options.imgSize);
    // Without A the operator is the identity, unless a subclass overrides A.
    const identity = options.A === undefined && this.A === Physics.prototype.A;
    this.adjointMap = options.AAdjoint ?? (identity ? (y) => y : undefined);
    this.solver = solverSettings(className, options, { maxIter: 100, tol: 1e-6 });
  }

  /** The transpose of the operator, `A^T y`: for all `x` and `y`, `<A x, y> = <x, A^T y>`. */
  AAdjoint(y: Tensor): Tensor {
    return freeOnError(() => {
      checkRank(`${this.className}.AAdjoint`, "y", y);
      if (this.adjointMap) return this.adjointMap(y);
      if (this.imgSize === undefined) {
        throw new ArgumentError(
          `${this.className}.AAdjoint: no adjoint is known; pass AAdjoint, or imgSize to derive it from A.`,
          "missing_argument",
        );
      }
      return adjointFunction((x) => this.A(x), this.imgSize)(y);
    });
  }

  /** `A^T A x`. */
  AAdjointA(x: Tensor): Tensor {
    checkTensor(`${this.className}.AAdjointA`, "x", x);
    return freeOnError(() => this.AAdjoint(this.A(x)));
  }

  /** `A A^T y`. */
  AAAdjoint(y: Tensor): Tensor {
    checkTensor(`${this.className}.AAAdjoint`, "y", y);
    return freeOnError(() => this.A(this.AAdjoint(y)));
  }

  /** `A^T v`, as the Jacobian of a linear operator is the operator. */
  override AVjp(_x: Tensor, v: Tensor): Tensor {
    checkTensor(`${this.className}.AVjp`, "v", v);
    return freeOnError(() => this.AAdjoint(v));
  }

  /**
   * The pseudo-inverse, `A^+ y = argmin_x |A x - y|^2`; of several minimisers the one of least norm.
   *
   * @throws ArgumentError `invalid_argument` for solver settings out of range.
   */
  ADagger(y: Tensor, options: SolverOptions = {}): Tensor {
    return freeOnError(() => {
      const caller = `${this.className}.ADagger`;
      checkRank(caller, "y", y);
      return conjugateGradient(
        { A: (x) => this.A(x), AAdjoint: (v) => this.AAdjoint(v), b: y },
        callSettings(caller, options, this.solver),
      );
    });
  }

  /**
   * The proximal operator of the data term, `argmin_x gamma/2 |A x - y|^2 + 1/2 |x - z|^2`.
   *
   * `z` is images or one number for all pixels; `gamma`, above 0, is one number or one value per image, `[B]`.
   *
   * @throws ArgumentError `invalid_argument`; ShapeError `shape_mismatch`.
   */
  proxL2(z: Tensor | number, y: Tensor, gamma: number | Tensor, options: SolverOptions = {}): Tensor {
    return freeOnError(() => {
      const caller = `${this.className}.proxL2`;
      checkRank(caller, "y", y);
      const step = checkGamma(caller, gamma, y.shape[0] ?? 1);
      const start = startImage(caller, z, () => this.AAdjoint(y));
      const maps = { A: (x: Tensor) => this.A(x), AAdjoint: (v: Tensor) => this.AAdjoint(v) };
      return proximal({ ...maps, y, z: start, gamma: step }, callSettings(caller, options, this.solver));
    });
  }

  /**
   * The squared operator norm `|A|^2`, or `|A|` with `squared: false`, by power iteration: a tensor of shape `[]`.
   *
   * The iteration starts from a random image shaped like `x0`, whose values do not matter.
   *
   * @throws ArgumentError `invalid_argument`.
   */
  computeNorm(x0: Tensor, options: NormOptions & { squared?: boolean } = {}): Tensor {
    return freeOnError(() => {
      checkRank(`${this.className}.computeNorm`, "x0", x0);
      checkOptions(`${this.className}.computeNorm`, options, NORM_OPTIONS);
      const { squared = true, ...rest } = options;
      const norm = powerIteration((x) => this.AAdjointA(x), x0, { ...rest, rng: rest.rng ?? this.rng });
      return squared ? norm : norm.sqrt();
    });
  }

  /**
   * `<A u, v> - <u, A^T v>` for a random `v`, a tensor of shape `[]`: zero up to rounding if and only if `AAdjoint` is
   * the transpose of `A`.
   */
  adjointnessTest(u: Tensor, options: { rng?: RandomSource } = {}): Tensor {
    checkTensor(`${this.className}.adjointnessTest`, "u", u);
    checkOptions(`${this.className}.adjointnessTest`, options, ["rng"]);
    return freeOnError(() => {
      const au = this.A(u);
      const v = resolveRng(options.rng, this.rng).normal(au.shape, au);
      return au.mul(v).sum().sub(this.AAdjoint(v).mul(u).sum());
    });
  }

  /** This operator after another; linear where both are. */
  override compose(other: LinearPhysics): ComposedLinearPhysics<N>;
  override compose(other: Physics): Physics<N, "composed">;
  override compose(other: Physics): Physics<N, "composed"> {
    if (other instanceof LinearPhysics) return new ComposedLinearPhysics<N>({ list: [other, this] });
    return new ComposedPhysics<N>({ list: [other, this] });
  }
}

/**
 * Linear operators one after the other, `A = A_k ... A_1`, with the noise and the sensor of the last.
 *
 * `update` sets a parameter in every operator that has one of that name.
 */
export class ComposedLinearPhysics<N extends NoiseModel = NoiseModel> extends LinearPhysics<N, "composed"> {
  protected static override readonly optionKeys: readonly string[] = [];
  override readonly operator = "composed" as const;
  /** The operators, in order of application. */
  readonly list: readonly LinearPhysics[];

  /** @throws ArgumentError `invalid_argument` for an empty list or one with other entries than linear physics. */
  constructor(options: { list: readonly [...LinearPhysics[], LinearPhysics<N>] } & SolverOptions) {
    checkOptionsObject(new.target.name, options);
    const { list: given, ...solver } = options;
    const list = operatorList<LinearPhysics>(new.target.name, given, LinearPhysics);
    const last = lastOf(list) as LinearPhysics<N>;
    super({ ...solver, noiseModel: last.noiseModel, sensorModel: (y) => last.sensor(y), rng: last.rng });
    this.list = list;
  }

  override A(x: Tensor): Tensor {
    return freeOnError(() => {
      checkTensor(`${this.className}.A`, "x", x);
      return this.list.reduce((u, p) => p.A(u), x);
    });
  }

  override AAdjoint(y: Tensor): Tensor {
    return freeOnError(() => {
      checkTensor(`${this.className}.AAdjoint`, "y", y);
      return this.list.reduceRight((v, p) => p.AAdjoint(v), y);
    });
  }

  override noise(y: Tensor, options: NoiseDrawOptions = {}): Tensor {
    checkTensor(`${this.className}.noise`, "y", y);
    return lastOf(this.list).noise(y, options);
  }

  override measured(y: Tensor): Tensor | undefined {
    checkTensor(`${this.className}.measured`, "y", y);
    return lastOf(this.list).measured(y);
  }

  override parameterNames(): readonly string[] {
    return this.list.flatMap((p) => p.parameterNames());
  }

  protected override setParameters(parameters: PhysicsParameters): void {
    updateEach(this.list, parameters);
  }

  override clone(): this {
    return withLast(super.clone());
  }
}
