import { freeOnError } from "../tensor/index.js";
import type { Reconstructor } from "../nn/index.js";
import { TensorList, type StackedPhysics } from "../physics/index.js";
import { ArgumentError, checkObject } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import type { ArgsOf } from "./args.js";
import { Loss } from "./loss.js";
import { NamedLoss } from "./named-loss.js";
import { loadNestedState, nestedState } from "./nested-state.js";
import { type OptionReader, type OptionReaders, readOptions } from "./options.js";

/** Options of {@link StackedPhysicsLoss}. */
export interface StackedPhysicsLossOptions {
  /** One loss for each operator of the stack, in its order. */
  losses: readonly Loss[];
}

const lossesOption: OptionReader<readonly Loss[]> = (value, name, key) => {
  if (!Array.isArray(value) || value.length === 0 || !value.every((loss) => loss instanceof Loss))
    throw new ArgumentError(`${name}: ${key} must be an array of losses, one for each operator.`, "invalid_argument");
  const losses: readonly Loss[] = value;
  const adapting = losses.find((loss) => loss.assumptions.adapted);
  if (!adapting) return [...losses];
  throw new ArgumentError(
    `${name}: ${adapting.name} needs an adapted model and cannot be one of several losses; use a loss such as ` +
      "SureGaussianLoss.",
    "invalid_argument",
  );
};

const OPTIONS = { losses: lossesOption } satisfies OptionReaders<StackedPhysicsLossOptions>;

/**
 * One loss for each operator of a {@link StackedPhysics}: `sum_i mean(loss_i(xNet, y_i, A_i))`.
 *
 * Each loss sees the reconstruction as a function of its own measurement, the others held fixed, so that estimators
 * with a divergence (SURE) work. Losses that need an adapted model cannot be part of it.
 *
 * @returns a scalar, the mean over the batch.
 */
export class StackedPhysicsLoss extends NamedLoss<"StackedPhysicsLoss"> {
  readonly losses: readonly Loss[];

  /** @throws ArgumentError `unknown_option` or `invalid_argument`. */
  constructor(options: StackedPhysicsLossOptions) {
    super("StackedPhysicsLoss");
    this.losses = readOptions(this.name, options, OPTIONS).losses;
  }

  forward(args: ArgsOf<"StackedPhysicsLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      const { y, physics, model, ...rest } = args;
      const n = this.losses.length;
      if (physics.length !== n || y.length !== n) {
        throw new ArgumentError(
          `${this.name}: there are ${n} losses, but ${physics.length} operators and ${y.length} measurements.`,
          "invalid_argument",
        );
      }
      const values = this.losses.map((loss, i) => {
        const partial = asFunctionOf(i, model, y, physics);
        const value = loss.forward({ ...rest, y: y.at(i), physics: physics.at(i), model: partial });
        return value.shape.length > 0 ? value.mean() : value;
      });
      return values.reduce((a, b) => a.add(b));
    });
  }

  /** Each loss must take its operator. */
  override checkPhysics(physics: unknown): void {
    super.checkPhysics(physics);
    const { length, list } = physics as StackedPhysics;
    if (length === this.losses.length) this.losses.forEach((loss, i) => loss.checkPhysics(list[i]));
  }

  override stateDict(): Record<string, Tensor> {
    return nestedState(this.#parts());
  }

  override loadStateDict(state: Record<string, Tensor>): void {
    checkObject(this.name, "state", state);
    super.loadStateDict(loadNestedState(this.#parts(), state));
  }

  #parts(): Record<string, Loss> {
    return Object.fromEntries(this.losses.map((loss, i) => [`losses.${i}`, loss]));
  }
}

/** The model as a function of measurement `i` alone. */
function asFunctionOf(i: number, model: Reconstructor, y: TensorList, physics: StackedPhysics): Reconstructor {
  const forward: Reconstructor["forward"] = (own, _physics, options) => {
    const all = new TensorList(y.map((t, j) => (j === i ? own : t)));
    // A model for stacked physics takes the list and the stack where others take a tensor and one operator.
    return model.forward(all as never, physics as never, options);
  };
  return Object.create(model, { forward: { value: forward } }) as Reconstructor;
}
