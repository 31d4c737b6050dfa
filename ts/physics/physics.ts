import { ArgumentError, checkOptions, nearest, shown, checkOptionsObject } from "../runtime/index.js";
import type { RandomSource } from "../random/index.js";
import { vjp, where, type Tensor, checkTensor, freeKeptOnError, freeOnError } from "../tensor/index.js";
import { checkRank } from "./argument-checks.js";
import { changedCopy, checkParameters, copiedParts, keepingFields, ownValue } from "./changed-copy.js";
import type { OperatorKind } from "./kinds.js";
import { newInstanceOf } from "./new-instance.js";
import { NoiseModel, ZeroNoise, type Level } from "./noise/index.js";

/** Options that every physics takes. */
export interface PhysicsOptions<N extends NoiseModel = NoiseModel> {
  /** The noise model. Default: `ZeroNoise`, for `Denoising` `GaussianNoise` with sigma 0.1. */
  noiseModel?: N;
  /** The sensor: a map of the noisy measurement, such as clipping. Default: the identity. */
  sensorModel?: (y: Tensor) => Tensor;
  /** Random source of the noise, unless a call or the noise model has its own. */
  rng?: RandomSource;
}

/** New values of parameters of an operator or its noise model, such as `mask` or `sigma`; undefined changes nothing. */
export type PhysicsParameters = Record<string, Level | undefined>;

/** Options of {@link Physics.noise}. */
export interface NoiseDrawOptions {
  /** Random source of this call, in place of that of the noise model or of the physics. */
  rng?: RandomSource | undefined;
  /**
   * Whether negative clean values are replaced by 0 where the noise exists for values of at least 0 only, as losses do
   * for what a network returns; see {@link NoiseCallOptions}. Default: false, they are refused.
   */
  clipPositive?: boolean | undefined;
}

/** Options of one measurement: those of its noise, and new values of parameters, which persist. */
export interface MeasureOptions extends NoiseDrawOptions {
  /** New value of a parameter, such as `mask` or `sigma`. */
  [parameter: string]: Level | RandomSource | boolean | undefined;
}

/**
 * The acquisition of a measurement: `y = sensor(noise(A(x)))`.
 *
 * `N` is the type of the noise model and `O` the kind of operator; a loss accepts those that it is made for.
 * Use it with a function `A`, use one of its subclasses, or write one: see custom.md#a-physics.
 */
export class Physics<N extends NoiseModel = NoiseModel, O extends OperatorKind = OperatorKind> {
  /** Names of the options that a class takes because of what it extends. */
  protected static readonly commonOptionKeys: readonly string[] = ["noiseModel", "sensorModel", "rng"];
  /** Names of the other options of a class. A subclass with options of its own lists them here. */
  protected static readonly optionKeys: readonly string[] = ["A"];

  /** The noise model. */
  readonly noiseModel: N;
  /** The kind of operator; "custom" unless a subclass sets it. */
  readonly operator: O = "custom" as O;
  /** Random source of the noise, unless a call or the noise model has its own. */
  readonly rng: RandomSource | undefined;
  /** The option `A`. */
  protected readonly forwardMap: ((x: Tensor) => Tensor) | undefined;
  /** The option `sensorModel`. */
  protected readonly sensorModel: ((y: Tensor) => Tensor) | undefined;

  /**
   * Options: those of every physics and `A`, the map from an image to its clean measurement. Default: the identity.
   *
   * It calls no method that a subclass can override, as fields of a subclass do not exist yet.
   *
   * @throws ArgumentError `invalid_argument`, `unknown_option`.
   */
  constructor(options: PhysicsOptions<N> & { A?: (x: Tensor) => Tensor } = {}) {
    const className = new.target.name;
    checkOptions(className, options, [...new.target.optionKeys, ...new.target.commonOptionKeys]);
    const noiseModel: NoiseModel = options.noiseModel ?? new ZeroNoise();
    if (!(noiseModel instanceof NoiseModel)) {
      throw new ArgumentError(
        `${className}: noiseModel is ${shown(noiseModel)}, expected a noise model such as ` +
          "new GaussianNoise({ sigma: 0.1 }).",
        "invalid_argument",
      );
    }
    for (const name of ["sensorModel", "A", "AAdjoint"] as const) {
      const value = (options as Record<string, unknown>)[name];
      if (value !== undefined && typeof value !== "function") {
        throw new ArgumentError(
          `${className}: ${name} is ${shown(value)}, expected a function of a tensor.`,
          "invalid_argument",
        );
      }
    }
    // Without the option, N is the default noise of the class, which is ZeroNoise unless a subclass sets it.
    this.noiseModel = noiseModel as N;
    this.rng = options.rng;
    this.forwardMap = options.A;
    this.sensorModel = options.sensorModel;
  }

  /** The class name, for messages. */
  protected get className(): string {
    return this.constructor.name;
  }

  /**
   * A measurement of `x`: `sensor(noise(A(x)))`.
   *
   * The noise has the level of the noise model, whatever the weights of a mask, and is 0 where a mask is 0. New values
   * of parameters persist.
   *
   * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`, `unknown_option`, `out_of_range` where `x`
   * or a parameter does not fit the operator or the noise.
   */
  forward(x: Tensor, options: MeasureOptions = {}): Tensor {
    return freeOnError(() => {
      if (options !== null) checkOptionsObject(`${this.className}.forward`, options);
      const { rng, clipPositive, ...parameters } = options ?? {};
      this.update(parameters as PhysicsParameters);
      return this.sensor(this.noise(this.A(x), { rng, clipPositive }));
    });
  }

  /** The clean measurement of `x`. */
  A(x: Tensor): Tensor {
    checkRank(`${this.className}.A`, "x", x);
    return this.forwardMap ? this.forwardMap(x) : x;
  }

  /**
   * The noisy version of a clean measurement `y`: the noise model's, on the {@link measured} entries, and 0 elsewhere.
   *
   * A mask is not applied again: its weights are part of `A`, and the noise is not weighted.
   *
   * @throws ArgumentError `out_of_range` where the noise does not exist for a value of `y`.
   */
  noise(y: Tensor, options: NoiseDrawOptions = {}): Tensor {
    checkTensor(`${this.className}.noise`, "y", y);
    return freeOnError(() => {
      const caller = `${this.className}.noise`;
      if (options !== null) checkOptionsObject(caller, options);
      const { rng, clipPositive, ...unknown } = options ?? {};
      checkOptions(caller, unknown, ["rng", "clipPositive"]);
      const noisy = this.noiseModel.forward(y, { rng: rng ?? this.noiseModel.rng ?? this.rng, clipPositive });
      const measured = this.measured(noisy);
      return measured ? where(measured, noisy, 0) : noisy;
    });
  }

  /**
   * Which entries of measurements shaped like `y` are measured: 1 or 0, of a shape that broadcasts to `y`; undefined
   * where all are. Where a mask is 0, nothing is measured: there is no noise.
   */
  measured(_y: Tensor): Tensor | undefined {
    return undefined;
  }

  /** The sensor's output for a noisy measurement. */
  sensor(y: Tensor): Tensor {
    checkTensor(`${this.className}.sensor`, "y", y);
    return this.sensorModel ? this.sensorModel(y) : y;
  }

  /** The vector-Jacobian product of `A` at `x`: `J(x)^T v`, of the shape of `x`. */
  AVjp(x: Tensor, v: Tensor): Tensor {
    checkTensor(`${this.className}.AVjp`, "x", x);
    checkTensor(`${this.className}.AVjp`, "v", v);
    return freeOnError(() => vjp((u) => this.A(u), x)[1](v));
  }

  /** Names of the operator's own parameters that {@link update} takes. */
  parameterNames(): readonly string[] {
    return [];
  }

  /**
   * Replaces parameters of the operator and of the noise model by name, such as `update({ mask, sigma })`.
   *
   * Entries that are undefined change nothing, nor does a call that is refused. Tensors stay the caller's, who may free
   * them: the physics has its own handles of their values.
   *
   * @throws ArgumentError `unknown_option` for a name that neither has.
   */
  update(parameters: PhysicsParameters): void {
    checkParameters(`${this.className}.update`, parameters);
    const own = this.parameterNames();
    const noise = this.noiseModel.parameterNames();
    const forOperator: [string, Level][] = [];
    const forNoise: PhysicsParameters = {};
    for (const [name, value] of Object.entries(parameters)) {
      if (value === undefined) continue;
      if (own.includes(name)) forOperator.push([name, value]);
      if (noise.includes(name)) forNoise[name] = value;
      if (own.includes(name) || noise.includes(name)) continue;
      const names = [...own, ...noise];
      const near = nearest(name, names);
      const hint =
        near === undefined ? "it has no parameters" : `did you mean "${near}"? Parameters: ${names.join(", ")}`;
      throw new ArgumentError(
        `${this.className}.update: neither the operator nor its noise has a parameter "${name}"; ${hint}.`,
        "unknown_option",
      );
    }
    const level = Object.fromEntries(Object.keys(forNoise).map((key) => [key, Reflect.get(this.noiseModel, key)]));
    const fields = { ...this };
    try {
      freeKeptOnError(() => {
        this.noiseModel.update(forNoise);
        if (forOperator.length === 0) return;
        const values = Object.fromEntries(forOperator.map(([name, value]) => [name, ownValue(value)]));
        keepingFields(this, () => this.setParameters(values));
      });
    } catch (error) {
      Object.assign(this, fields);
      Object.assign(this.noiseModel, level);
      throw error;
    }
  }

  /**
   * Sets parameters that {@link parameterNames} lists.
   *
   * The tensors are the physics' own; those that it stores in fields outlive the `tidy` of a training step. What it
   * stores elsewhere, such as in `#private` members or arrays, needs `keep`.
   */
  protected setParameters(_parameters: PhysicsParameters): void {}

  /**
   * This physics with other parameters of the operator and of the noise model, such as
   * `withParameters({ mask, sigma })`; this one is not changed.
   *
   * It shares everything else, so that nothing is copied. A training step and an evaluation use it for the parameters
   * that come with their samples. New tensors are freed by the `tidy` around the call, if there is one.
   *
   * @throws ArgumentError `unknown_option` for a name that neither has; `not_clonable`, see {@link newInstance}.
   */
  withParameters(parameters: PhysicsParameters): this {
    return changedCopy(this, (copy) => copy.update(parameters));
  }

  /**
   * A new object of this class, to which {@link clone} copies the fields other than `#private` ones.
   *
   * A class with `#private` members overrides it: `return new Mine(...) as this`, with the values of its `#fields`.
   *
   * @throws ArgumentError `not_clonable` where a class with `#private` members does not override it.
   */
  protected newInstance(): this {
    return newInstanceOf(this);
  }

  /**
   * An independent copy: an update of one does not change the other. It has copies of the noise model and of the
   * physics in its fields, and shares everything else.
   *
   * @throws ArgumentError `not_clonable`; see {@link newInstance}.
   */
  clone(): this {
    return Object.assign(this.newInstance(), this, copiedParts(this));
  }

  /** This operator after another, `A(x) = this.A(other.A(x))`, with the noise and the sensor of this one. */
  compose(other: Physics): Physics<N, "composed"> {
    return new ComposedPhysics<N>({ list: [other, this] });
  }
}

/** A copy of a list of operators; refuses an empty list, and entries that are not instances of `kind`. */
export function operatorList<P extends Physics>(
  className: string,
  list: readonly P[],
  kind: abstract new (...args: never[]) => P,
): P[] {
  if (!Array.isArray(list) || list.length === 0) {
    throw new ArgumentError(
      `${className}: list is ${Array.isArray(list) ? "empty" : shown(list)}, ` +
        "expected an array of one or more operators.",
      "invalid_argument",
    );
  }
  for (const p of list) {
    if (!(p instanceof kind)) {
      throw new ArgumentError(
        `${className}: list contains ${shown(p)}, expected only instances of ${kind.name}.`,
        "invalid_argument",
      );
    }
  }
  return [...list];
}

/** A composition, whose noise and sensor become those of its last operator. */
export function withLast<C extends Physics & { readonly list: readonly Physics[] }>(composed: C): C {
  const last = lastOf(composed.list);
  return Object.assign(composed, { noiseModel: last.noiseModel, sensorModel: (y: Tensor) => last.sensor(y) });
}

/** Updates each operator of a list with those of the parameters that it has. */
export function updateEach(list: readonly Physics[], parameters: PhysicsParameters): void {
  for (const p of list) {
    const names = p.parameterNames();
    p.update(Object.fromEntries(Object.entries(parameters).filter(([name]) => names.includes(name))));
  }
}

/** The operator whose noise and sensor a composition has. */
export function lastOf<P extends Physics>(list: readonly P[]): P {
  return list[list.length - 1] as P;
}

/**
 * Operators one after the other, `A(x) = A_k(... A_1(x))`, with the noise and the sensor of the last.
 *
 * `update` sets a parameter in every operator that has one of that name.
 */
export class ComposedPhysics<N extends NoiseModel = NoiseModel> extends Physics<N, "composed"> {
  protected static override readonly optionKeys: readonly string[] = [];
  override readonly operator = "composed" as const;
  /** The operators, in order of application. */
  readonly list: readonly Physics[];

  /** @throws ArgumentError `invalid_argument` for an empty list or one with other entries than physics. */
  constructor(options: { list: readonly [...Physics[], Physics<N>] }) {
    checkOptions(new.target.name, options, ["list"]);
    const list = operatorList<Physics>(new.target.name, options.list, Physics);
    const last = lastOf(list) as Physics<N>;
    super({ noiseModel: last.noiseModel, sensorModel: (y) => last.sensor(y), rng: last.rng });
    this.list = list;
  }

  override A(x: Tensor): Tensor {
    return freeOnError(() => {
      checkTensor(`${this.className}.A`, "x", x);
      return this.list.reduce((u, p) => p.A(u), x);
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
