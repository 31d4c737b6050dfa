import { freeOnError, checkTensor } from "../tensor/index.js";
import { ArgumentError, checkOptions, nearest, shown, checkOptionsObject, checkNumber } from "../runtime/index.js";
import { resolveRng, type RandomSource } from "../random/index.js";
import type { Tensor } from "../tensor/index.js";
import { changedCopy, checkParameters, copiedParts } from "./changed-copy.js";
import {
  checkGamma,
  conjugateGradient,
  proximal,
  callSettings,
  solverSettings,
  startImage,
  type SolverOptions,
} from "./least-squares.js";
import { LinearPhysics } from "./linear.js";
import { newInstanceOf } from "./new-instance.js";
import {
  operatorList,
  Physics,
  updateEach,
  type MeasureOptions,
  type NoiseDrawOptions,
  type PhysicsParameters,
} from "./physics.js";
import { NORM_OPTIONS, powerIteration, type NormOptions } from "./power-iteration.js";
import { TensorList } from "./tensor-list.js";

/**
 * Several operators that measure the same image: `A(x) = [A_1(x), ..., A_k(x)]`, each with its own noise and sensor.
 *
 * Measurements are a {@link TensorList}.
 */
export class StackedPhysics<P extends Physics = Physics> {
  /** The kind of operator. */
  readonly operator = "stacked" as const;
  /** The operators. */
  readonly list: readonly P[];

  /** @throws ArgumentError `invalid_argument` for an empty list or one with other entries than physics. */
  constructor(options: { list: readonly P[] }) {
    checkOptionsObject(new.target.name, options);
    this.list = operatorList<Physics>(new.target.name, options.list, Physics) as P[];
  }

  /** Number of operators. */
  get length(): number {
    return this.list.length;
  }

  /** The operator at an index, negative ones counted from the end. */
  at(index: number): P {
    checkNumber("StackedPhysics.at", "index", index, { integer: true });
    const p = this.list.at(index);
    if (!p)
      throw new ArgumentError(
        `StackedPhysics.at: index ${index} is out of range for ${this.length} operators.`,
        "index_out_of_range",
      );
    return p;
  }

  /** A measurement of `x` by every operator; new values of parameters persist. */
  forward(x: Tensor, options: MeasureOptions = {}): TensorList {
    return freeOnError(() => {
      if (options !== null) checkOptionsObject(`${this.constructor.name}.forward`, options);
      const { rng, clipPositive, ...parameters } = options ?? {};
      this.update(parameters as PhysicsParameters);
      return this.sensor(this.noise(this.A(x), { rng, clipPositive }));
    });
  }

  /** The clean measurements of `x`. */
  A(x: Tensor): TensorList {
    return freeOnError(() => new TensorList(this.list.map((p) => p.A(x))));
  }

  /** The noisy versions of clean measurements, drawn in the order of the list; see {@link Physics.noise}. */
  noise(y: TensorList, options: NoiseDrawOptions = {}): TensorList {
    return freeOnError(() => {
      this.checkMeasurement("noise", y);
      return new TensorList(this.list.map((p, i) => p.noise(y.at(i), options)));
    });
  }

  /** The sensors' outputs for noisy measurements. */
  sensor(y: TensorList): TensorList {
    return freeOnError(() => {
      this.checkMeasurement("sensor", y);
      return new TensorList(this.list.map((p, i) => p.sensor(y.at(i))));
    });
  }

  /** Names of the parameters that {@link update} takes. */
  parameterNames(): readonly string[] {
    return [...new Set(this.list.flatMap((p) => [...p.parameterNames(), ...p.noiseModel.parameterNames()]))];
  }

  /**
   * Replaces parameters in every operator and noise model that has one of that name; see {@link Physics.update}.
   *
   * @throws ArgumentError `unknown_option` for a name that none has.
   */
  update(parameters: PhysicsParameters): void {
    checkParameters("StackedPhysics.update", parameters);
    const names = this.parameterNames();
    for (const [name, value] of Object.entries(parameters)) {
      if (value === undefined || names.includes(name)) continue;
      const near = nearest(name, names);
      throw new ArgumentError(
        `StackedPhysics.update: no operator has a parameter "${name}"; ` +
          (near === undefined
            ? "they have no parameters."
            : `did you mean "${near}"? Parameters: ${names.join(", ")}.`),
        "unknown_option",
      );
    }
    updateEach(this.list, parameters);
    for (const { noiseModel } of this.list) {
      const known = noiseModel.parameterNames();
      noiseModel.update(Object.fromEntries(Object.entries(parameters).filter(([name]) => known.includes(name))));
    }
  }

  /**
   * These operators with other parameters, in every operator and noise model that has one of that name; this one is not
   * changed. See {@link Physics.withParameters}.
   *
   * @throws ArgumentError `unknown_option` for a name that none has; `not_clonable`, see {@link Physics.newInstance}.
   */
  withParameters(parameters: PhysicsParameters): this {
    return changedCopy(this, (copy) => copy.update(parameters));
  }

  /** A new object of this class for {@link clone}; see {@link Physics.newInstance}. */
  protected newInstance(): this {
    return newInstanceOf(this);
  }

  /**
   * An independent copy, made of copies of the operators.
   *
   * @throws ArgumentError `not_clonable`; see {@link Physics.newInstance}.
   */
  clone(): this {
    return Object.assign(this.newInstance(), this, copiedParts(this));
  }

  /** Refuses measurements other than one tensor per operator. */
  protected checkMeasurement(method: string, y: unknown): asserts y is TensorList {
    if (!(y instanceof TensorList) || y.length !== this.length) {
      const got = shown(y);
      throw new ArgumentError(
        `${this.constructor.name}.${method}: y is ${got}, expected a TensorList of ${this.length}, ` +
          "one tensor per operator.",
        "invalid_argument",
      );
    }
  }
}

/** Several linear operators that measure the same image; the adjoint is the sum of their adjoints. */
export class StackedLinearPhysics<P extends LinearPhysics = LinearPhysics> extends StackedPhysics<P> {
  /** Settings of the iterative solvers. */
  protected readonly solver: Required<SolverOptions>;

  /** @throws ArgumentError `invalid_argument` for an empty list or one with other entries than linear physics. */
  constructor(options: { list: readonly P[] } & SolverOptions) {
    checkOptions("StackedLinearPhysics", options, ["list", "maxIter", "tol"]);
    super({ list: operatorList<LinearPhysics>(new.target.name, options.list, LinearPhysics) as P[] });
    this.solver = solverSettings("StackedLinearPhysics", options, { maxIter: 100, tol: 1e-6 });
  }

  /** `A^T y`, the sum of the adjoints. */
  AAdjoint(y: TensorList): Tensor {
    this.checkMeasurement("AAdjoint", y);
    return freeOnError(() => this.list.map((p, i) => p.AAdjoint(y.at(i))).reduce((a, b) => a.add(b)));
  }

  /** `A^T A x`. */
  AAdjointA(x: Tensor): Tensor {
    return freeOnError(() => this.list.map((p) => p.AAdjointA(x)).reduce((a, b) => a.add(b)));
  }

  /** `A A^T y`. */
  AAAdjoint(y: TensorList): TensorList {
    return freeOnError(() => this.A(this.AAdjoint(y)));
  }

  /** The pseudo-inverse by conjugate gradients; see {@link LinearPhysics.ADagger}. */
  ADagger(y: TensorList, options: SolverOptions = {}): Tensor {
    this.checkMeasurement("ADagger", y);
    const settings = callSettings("StackedLinearPhysics.ADagger", options, this.solver);
    return freeOnError(() => conjugateGradient({ ...mapsOf(this), b: y }, settings));
  }

  /** The proximal operator of the data term; see {@link LinearPhysics.proxL2}. */
  proxL2(z: Tensor | number, y: TensorList, gamma: number | Tensor, options: SolverOptions = {}): Tensor {
    this.checkMeasurement("proxL2", y);
    return freeOnError(() => {
      const caller = "StackedLinearPhysics.proxL2";
      const settings = callSettings(caller, options, this.solver);
      const step = checkGamma(caller, gamma, y.at(0).shape[0] ?? 1);
      const start = startImage(caller, z, () => this.AAdjoint(y));
      return proximal({ ...mapsOf(this), y, z: start, gamma: step }, settings);
    });
  }

  /** The operator norm; see {@link LinearPhysics.computeNorm}. */
  computeNorm(x0: Tensor, options: NormOptions & { squared?: boolean } = {}): Tensor {
    const caller = `${this.constructor.name}.computeNorm`;
    checkTensor(caller, "x0", x0);
    checkOptions(caller, options, NORM_OPTIONS);
    const { squared = true, ...rest } = options;
    return freeOnError(() => {
      const norm = powerIteration((x) => this.AAdjointA(x), x0, rest);
      return squared ? norm : norm.sqrt();
    });
  }

  /** `<A u, v> - <u, A^T v>` for a random `v`, a tensor of shape `[]`. */
  adjointnessTest(u: Tensor, options: { rng?: RandomSource } = {}): Tensor {
    checkOptions(`${this.constructor.name}.adjointnessTest`, options, ["rng"]);
    return freeOnError(() => {
      const rng = resolveRng(options.rng);
      const au = this.A(u);
      const v = new TensorList(au.map((t) => rng.normal(t.shape, t)));
      const left = au
        .mul(v)
        .map((t) => t.sum())
        .reduce((a, b) => a.add(b));
      return left.sub(this.AAdjoint(v).mul(u).sum());
    });
  }
}

/** The operator and its adjoint as functions. */
function mapsOf(p: StackedLinearPhysics): { A: (x: Tensor) => TensorList; AAdjoint: (y: TensorList) => Tensor } {
  return { A: (x) => p.A(x), AAdjoint: (y) => p.AAdjoint(y) };
}

/**
 * Operators that measure the same image; linear where all are.
 *
 * @throws ArgumentError `invalid_argument` for an empty list or one with other entries than physics.
 */
export function stack<L extends readonly LinearPhysics[]>(...list: L): StackedLinearPhysics<L[number]>;
export function stack<L extends readonly Physics[]>(...list: L): StackedPhysics<L[number]>;
export function stack(...list: Physics[]): StackedPhysics {
  const linear = list.filter((p): p is LinearPhysics => p instanceof LinearPhysics);
  return linear.length === list.length && list.length > 0
    ? new StackedLinearPhysics({ list: linear })
    : new StackedPhysics({ list });
}
