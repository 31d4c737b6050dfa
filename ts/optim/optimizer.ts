import { ArgumentError, checkFlag, checkList, checkNumber, checkOptions, ShapeError, shown } from "../runtime/index.js";
import { checkGradients } from "./check-gradients.js";
import { checkLossScaleState, LossScale, type LossScaleState } from "./loss-scale.js";
import { keep, noGrad, Tensor, tidy, checkTensor, where, zeros } from "../tensor/index.js";

/** Everything that an optimiser needs to continue exactly. */
export interface OptimizerState {
  /** Class name of the optimiser. */
  kind: string;
  /** Current learning rate. */
  learningRate: number;
  /** Steps taken by each parameter. */
  steps: number[];
  /** Running means and the like, named "i.name" with the index i of the parameter. */
  tensors: Record<string, Tensor>;
  /** That of the loss scale, once a step has used it. Default: the first scale. */
  lossScale?: LossScaleState;
}

/** Options of a call of {@link Optimizer.step}. */
export interface StepOptions {
  /** A tensor of one element by which all gradients are multiplied, such as that of clipping. Default: none. */
  factor?: Tensor | undefined;
  /** Whether a factor below zero, which {@link LossScale} gives, leaves the step out. Default: false. */
  leaveOut?: boolean;
}

/** A parameter that a step updates. */
export interface Update {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  /** Its place among the parameters. */
  readonly index: number;
  /** Number of this step of the parameter, from 1. */
  readonly step: number;
}

function mapped(tensors: Record<string, Tensor>, f: (value: Tensor) => Tensor): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, value]) => [name, f(value)]));
}

function zerosLike({ shape, dtype, device }: Tensor): Tensor {
  return zeros([...shape], { dtype, device });
}

function sameShape(a: Tensor, b: Tensor): boolean {
  return a.shape.length === b.shape.length && a.shape.every((n, i) => n === b.shape[i]);
}

/**
 * Base class of the optimisers. `step(grads)` updates the parameters in place (through `Tensor.assign_`), off the tape;
 * of what it allocates only its state remains. A class of your own writes `update`, or `updateAll` for what concerns
 * all parameters, and leaves `step` as it is: a Trainer clips gradients and scales losses by the options of `step`.
 */
export abstract class Optimizer {
  /** The tensors that are updated, in the order in which `step` takes gradients. */
  readonly parameters: readonly Tensor[];
  /** The scale by which a Trainer multiplies the loss with `init({ precision: "f16" })`. */
  readonly lossScale = new LossScale();
  readonly #name: string;
  readonly #steps: number[];
  readonly #slots: Record<string, Tensor>[];
  #base: number;
  #current: number;

  /**
   * @throws ArgumentError `empty_parameters`, or `invalid_argument` for what is not a tensor, or one given twice, and
   * for a class with a `step` of its own.
   */
  constructor(parameters: readonly Tensor[], learningRate: number) {
    this.#name = new.target.name;
    // Written as step(gradients), it would take the step without the clipping, and nothing would say so.
    if (this.step !== Optimizer.prototype.step)
      throw new ArgumentError(
        `${this.#name}: the class overrides step, through which gradients are clipped; override update or updateAll.`,
        "invalid_argument",
      );
    if (!Array.isArray(parameters))
      throw new ArgumentError(
        `${this.#name}: parameters must be an array of tensors, for example model.parameters().`,
        "invalid_argument",
      );
    checkList(this.#name, "parameters", parameters);
    if (parameters.length === 0)
      throw new ArgumentError(`${this.#name}: there are no parameters to train.`, "empty_parameters");
    (parameters as readonly unknown[]).forEach((parameter, i) => {
      if (!(parameter instanceof Tensor))
        throw new ArgumentError(`${this.#name}: parameter ${i} is not a tensor.`, "invalid_argument");
    });
    if (new Set(parameters).size !== parameters.length)
      throw new ArgumentError(`${this.#name}: a parameter is given twice.`, "invalid_argument");
    this.parameters = [...(parameters as readonly Tensor[])];
    this.#base = this.#current = checkNumber(this.#name, "lr", learningRate, { min: 0 });
    this.#steps = this.parameters.map(() => 0);
    this.#slots = this.parameters.map(() => ({}));
  }

  /** The current learning rate. Setting it also sets the base of schedules that are constructed later. */
  get learningRate(): number {
    return this.#current;
  }

  set learningRate(value: number) {
    this.#base = this.#current = checkNumber(this.#name, "learningRate", value, { min: 0 });
  }

  /** The learning rate as set by the user, before any schedule. */
  get baseLearningRate(): number {
    return this.#base;
  }

  /** Sets the current learning rate but not the base; for schedules. */
  setScheduledLearningRate(value: number): void {
    this.#current = checkNumber(this.#name, "learningRate", value, { min: 0 });
  }

  /** Number of steps taken (the largest over the parameters). */
  get stepCount(): number {
    return Math.max(...this.#steps);
  }

  /**
   * One step with a gradient for each parameter; a parameter whose gradient is null is unchanged. After an error all
   * are.
   *
   * @throws ArgumentError `invalid_argument` for a wrong number of gradients, `unknown_option`; ShapeError
   * `shape_mismatch` for a wrong shape.
   */
  step(grads: readonly (Tensor | null)[], options: StepOptions = {}): void {
    checkOptions(`${this.#name}.step`, options, ["factor", "leaveOut"]);
    const { factor } = options;
    const leaveOut = checkFlag(`${this.#name}.step`, "leaveOut", options.leaveOut, false);
    if (factor !== undefined) checkTensor(`${this.#name}.step`, "factor", factor);
    if (factor !== undefined && factor.size !== 1) {
      throw new ShapeError(
        `${this.#name}.step: factor has shape [${factor.shape.join(", ")}], expected one element.`,
        "shape_mismatch",
      );
    }
    const gradients = checkGradients(`${this.#name}.step`, grads, this.parameters.length);
    gradients.forEach((g, i) => {
      const parameter = this.parameters[i]!;
      if (g !== null && !sameShape(g, parameter)) {
        throw new ShapeError(
          `${this.#name}.step: gradient ${i} has shape [${g.shape.join(", ")}], ` +
            `its parameter [${parameter.shape.join(", ")}].`,
          "shape_mismatch",
        );
      }
    });
    noGrad(() =>
      tidy(() => {
        const updates = gradients.flatMap((gradient, index): Update[] =>
          gradient === null
            ? []
            : [{ parameter: this.parameters[index]!, gradient, index, step: (this.#steps[index] ?? 0) + 1 }],
        );
        for (const { index, step } of updates) this.#steps[index] = step;
        this.updateAll(updates, factor, leaveOut);
      }),
    );
  }

  /**
   * Updates parameters with their gradients, each times `factor`; with `leaveOut` not where that is below zero.
   * Default: {@link update} for each.
   */
  protected updateAll(updates: readonly Update[], factor?: Tensor, leaveOut = false): void {
    const scalar = factor?.reshape([]);
    const isLeftOut = scalar && leaveOut ? scalar.lt(0) : undefined;
    for (const { parameter, gradient, index, step } of updates) {
      const slots = this.#slots[index]!;
      const before = isLeftOut ? { ...mapped(slots, (value) => value.detach()), "": parameter.detach() } : {};
      this.update(parameter, scalar ? gradient.mul(scalar) : gradient, index, step);
      if (!isLeftOut) continue;
      for (const [name, value] of Object.entries({ ...slots, "": parameter }))
        value.assign_(where(isLeftOut, (before as Record<string, Tensor>)[name] ?? zerosLike(value), value));
    }
  }

  /** Updates parameter `index` with gradient `g`; `step` counts from 1. Runs inside `noGrad` and `tidy`. */
  protected abstract update(parameter: Tensor, g: Tensor, index: number, step: number): void;

  /** A tensor kept between steps, created at its first use. */
  protected slot(index: number, name: string, make: () => Tensor): Tensor {
    const slots = this.#slots[index]!;
    return (slots[name] ??= keep(make()));
  }

  /** Whether a parameter has a tensor of this name. */
  protected hasSlot(index: number, name: string): boolean {
    return this.#slots[index]![name] !== undefined;
  }

  /** A snapshot; later steps do not change it, and the caller owns its tensors. */
  stateDict(): OptimizerState {
    const tensors: Record<string, Tensor> = {};
    this.#slots.forEach((slots, i) => {
      for (const [name, value] of Object.entries(slots)) tensors[`${i}.${name}`] = value.detach();
    });
    const lossScale = this.lossScale.stateDict();
    return {
      kind: this.#name,
      learningRate: this.#current,
      steps: [...this.#steps],
      tensors,
      ...(lossScale.values ? { lossScale } : {}),
    };
  }

  /**
   * Restores a snapshot of an optimiser of the same class, options and parameters; the next steps are then bit-equal.
   * Nothing is changed where it does not fit.
   *
   * @throws ArgumentError `state_mismatch`, ShapeError `shape_mismatch`.
   */
  loadStateDict(state: OptimizerState): void {
    const refuse = (why: string): never => {
      throw new ArgumentError(`${this.#name}.loadStateDict: ${why}.`, "state_mismatch");
    };
    if (
      state === null ||
      typeof state !== "object" ||
      typeof state.tensors !== "object" ||
      state.tensors === null ||
      !Array.isArray(state.steps)
    )
      refuse("this is not the state of an optimiser");
    if (state.kind !== this.#name) refuse(`the state is of ${shown(state.kind)}`);
    if (state.steps.length !== this.parameters.length)
      refuse(`the state has ${state.steps.length} parameters, the optimiser ${this.parameters.length}`);
    const steps = state.steps.map((n, i) =>
      checkNumber(`${this.#name}.loadStateDict`, `steps[${i}]`, n, { min: 0, integer: true }),
    );
    const learningRate = checkNumber(`${this.#name}.loadStateDict`, "learningRate", state.learningRate, { min: 0 });
    const { lossScale = { values: null } } = state;
    checkLossScaleState(this.#name, lossScale);
    const loaded: { index: number; slot: string; value: Tensor }[] = [];
    for (const [key, value] of Object.entries(state.tensors)) {
      const match = /^(\d+)\.(\w+)$/.exec(key);
      const index = Number(match?.[1]);
      const parameter = this.parameters[index];
      if (match?.[2] === undefined || parameter === undefined || !(value instanceof Tensor))
        refuse(`"${key}" does not belong to this optimiser`);
      else if (!sameShape(value, parameter)) {
        throw new ShapeError(
          `${this.#name}.loadStateDict: "${key}" has shape [${value.shape.join(", ")}], ` +
            `its parameter [${parameter.shape.join(", ")}].`,
          "shape_mismatch",
        );
      } else loaded.push({ index, slot: match[2], value });
    }
    this.lossScale.loadStateDict(lossScale);
    for (const slots of this.#slots) {
      for (const [name, old] of Object.entries(slots)) {
        old.dispose();
        delete slots[name];
      }
    }
    noGrad(() =>
      tidy(() => {
        for (const { index, slot, value } of loaded) {
          const parameter = this.parameters[index]!;
          this.#slots[index]![slot] = keep(value.detach().to(parameter.dtype).to(parameter.device).clone());
        }
      }),
    );
    steps.forEach((n, i) => (this.#steps[i] = n));
    this.#current = learningRate;
  }

  /** Frees the state and the loss scale (not the parameters). */
  dispose(): void {
    this.lossScale.dispose();
    for (const slots of this.#slots) for (const value of Object.values(slots)) value.dispose();
  }
}
