import { freeOnError } from "../../tensor/index.js";
import type { Level } from "../../functional/index.js";
import {
  ArgumentError,
  checkFlag,
  checkOptions,
  nearest,
  type NumberRule,
  checkList,
  checkOptionsObject,
  checkText,
} from "../../runtime/index.js";
import { resolveRng, type RandomSource } from "../../random/index.js";
import type { Tensor } from "../../tensor/index.js";
import { checkParameters, keepingFields, ownValue } from "../changed-copy.js";
import { newInstanceOf } from "../new-instance.js";
import { checkRank } from "../argument-checks.js";
import { checkLevel } from "./value-checks.js";
import type { NoiseKind } from "./kinds.js";

/** Options that every noise model takes. */
export interface NoiseOptions {
  /** Random source, unless a call has its own. */
  rng?: RandomSource;
}

/** Options of one call: a random source, and new values of the model's parameters, which persist. */
export interface NoiseCallOptions {
  /** Random source of this call, in place of the one given to the constructor. */
  rng?: RandomSource | undefined;
  /**
   * Whether clean values outside of the domain of the noise are accepted, as losses need it for what a network returns:
   * Poisson, Poisson-Gaussian and Gamma noise replace negative values by 0, the nearest value for which they exist.
   * These and `LogPoissonNoise` give NaN for NaN and infinity. Default: false, such values are refused.
   */
  clipPositive?: boolean | undefined;
  /** New value of a parameter of the model, such as `sigma`. */
  [parameter: string]: Level | RandomSource | boolean | undefined;
}

/** More names are no list of options. */
const MAX_KEYS = 100;

/** The parameters of a noise model and the ranges of their values. */
export type ParameterRules = Readonly<Record<string, NumberRule>>;

/**
 * A random map from clean to noisy measurements.
 *
 * A subclass sets `kind`, lists its parameters in `rules`, and draws the noise in `corrupt`.
 */
export abstract class NoiseModel {
  /** The kind of noise, which decides what losses fit a physics. */
  abstract readonly kind: NoiseKind;
  /** Random source, unless a call has its own. */
  readonly rng: RandomSource | undefined;

  /**
   * `className` is the name of the subclass for messages; `keys` are the names of its options.
   *
   * @throws ArgumentError `unknown_option`.
   */
  protected constructor(className: string, options: NoiseOptions, keys: readonly string[]) {
    checkText("NoiseModel", "className", className);
    for (const key of checkList(className, "keys", keys, MAX_KEYS)) checkText(className, "keys", key);
    checkOptions(className, options, [...keys, "rng"]);
    this.rng = options.rng;
  }

  /** The parameters that `update` takes, with the ranges of their values. */
  protected abstract rules(): ParameterRules;

  /** Refuses parameters that contradict each other; it is given all of them before any is replaced. Default: none. */
  protected checkTogether(_parameters: Readonly<Record<string, Level>>): void {}

  /** The noisy version of `y`; `clipPositive` is the option of the call, see {@link NoiseCallOptions}. */
  protected abstract corrupt(y: Tensor, rng: RandomSource, clipPositive: boolean): Tensor;

  /** The class name, for messages. */
  protected get className(): string {
    return this.constructor.name;
  }

  /** Names of the parameters that {@link update} takes. */
  parameterNames(): readonly string[] {
    return Object.keys(this.rules());
  }

  /**
   * Noisy measurements of the shape of `y`, `[B, ...]`.
   *
   * New values of parameters persist.
   *
   * @throws ArgumentError `invalid_argument`, `out_of_range`, `unknown_option`; ShapeError `shape_mismatch`.
   */
  forward(y: Tensor, options: NoiseCallOptions = {}): Tensor {
    return freeOnError(() => {
      const caller = `${this.className}.forward`;
      checkRank(caller, "y", y);
      if (options !== null) checkOptionsObject(`${this.className}.forward`, options);
      const { rng, clipPositive, ...parameters } = options ?? {};
      const clip = checkFlag(caller, "clipPositive", clipPositive, false);
      this.update(parameters as Record<string, Level | undefined>);
      return this.corrupt(y, resolveRng(rng, this.rng), clip);
    });
  }

  /**
   * Replaces parameters; entries that are undefined change nothing, nor does a call that is refused. Tensors stay the
   * caller's, who may free them.
   *
   * @throws ArgumentError `unknown_option` for a parameter that it does not have, `invalid_argument` for a value out of
   * range.
   */
  update(parameters: Record<string, Level | undefined>): void {
    checkParameters(`${this.className}.update`, parameters);
    const rules = this.rules();
    const checked: Record<string, Level> = {};
    for (const [name, value] of Object.entries(parameters)) {
      if (value === undefined) continue;
      const rule = rules[name];
      if (rule === undefined) {
        const names = Object.keys(rules);
        const near = nearest(name, names);
        const hint =
          near === undefined ? "it has no parameters" : `did you mean "${near}"? Parameters: ${names.join(", ")}`;
        throw new ArgumentError(`${this.className}.update: unknown parameter "${name}"; ${hint}.`, "unknown_option");
      }
      checked[name] = checkLevel(this.className, name, value, rule);
    }
    const before = Object.fromEntries(Object.keys(rules).map((name) => [name, Reflect.get(this, name) as Level]));
    this.checkTogether({ ...before, ...checked });
    for (const [name, level] of Object.entries(checked))
      keepingFields(this, () => Object.assign(this, { [name]: ownValue(level) }));
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
   * An independent copy: an update of one does not change the other. They share the random source.
   *
   * @throws ArgumentError `not_clonable`; see {@link newInstance}.
   */
  clone(): this {
    return Object.assign(this.newInstance(), this);
  }
}
