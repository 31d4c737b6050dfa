import type { Reconstructor } from "../nn/index.js";
import { TensorList, type StackedPhysics } from "../physics/index.js";
import { ArgumentError, checkOptions } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { lossAssumptions } from "./assumptions.js";
import { Loss } from "./loss.js";
import { loadNestedState, nestedState } from "./nested-state.js";
import type { ArgsOf } from "./pairing.js";

/** Options of {@link StackedPhysicsLoss}. */
export interface StackedPhysicsLossOptions {
  /** One loss for each operator of the stack, in its order. */
  losses: readonly Loss[];
}

/**
 * One loss for each operator of a {@link StackedPhysics}: `sum_i mean(loss_i(xNet, y_i, A_i))`.
 *
 * Each loss sees the reconstruction as a function of its own measurement, the others held fixed, so that estimators
 * with a divergence (SURE) work. Losses that need an adapted model cannot be part of it.
 *
 * @returns a scalar, the mean over the batch.
 */
export class StackedPhysicsLoss extends Loss {
  readonly name: string = "StackedPhysicsLoss";
  readonly assumptions = lossAssumptions.StackedPhysicsLoss;
  readonly losses: readonly Loss[];

  /** @throws ArgumentError `unknown_option` or `invalid_argument`. */
  constructor(options: StackedPhysicsLossOptions) {
    super();
    const name = "StackedPhysicsLoss";
    checkOptions(name, options, ["losses"]);
    const { losses } = options ?? {};
    if (!Array.isArray(losses) || losses.length === 0 || !losses.every((loss) => loss instanceof Loss)) {
      throw new ArgumentError(`${name}: losses must be an array of losses, one for each operator.`, "invalid_argument");
    }
    const adapted = losses.find((loss: Loss) => loss.assumptions.adapted) as Loss | undefined;
    if (adapted) {
      throw new ArgumentError(
        `${name}: ${adapted.name} needs an adapted model and cannot be one of several; take a loss such as SureGaussianLoss.`,
        "invalid_argument",
      );
    }
    this.losses = [...losses];
  }

  forward(args: ArgsOf<"StackedPhysicsLoss">): Tensor {
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
      const value = loss.forward({ ...rest, y: y.at(i), physics: physics.at(i), model: inOne(model, y, physics, i) });
      return value.shape.length > 0 ? value.mean() : value;
    });
    return values.reduce((a, b) => a.add(b));
  }

  override stateDict(): Record<string, Tensor> {
    return nestedState(this.parts());
  }

  override loadStateDict(state: Record<string, Tensor>): void {
    super.loadStateDict(loadNestedState(this.parts(), state));
  }

  private parts(): Record<string, Loss> {
    return Object.fromEntries(this.losses.map((loss, i) => [`losses.${i}`, loss]));
  }
}

/** The model as a function of measurement `i` alone. */
function inOne(model: Reconstructor, y: TensorList, physics: StackedPhysics, i: number): Reconstructor {
  const forward: Reconstructor["forward"] = (own, _physics, options) => {
    const all = new TensorList(y.map((t, j) => (j === i ? own : t)));
    // A model for stacked physics takes the list and the stack where others take a tensor and one operator.
    return model.forward(all as never, physics as never, options);
  };
  return Object.create(model, { forward: { value: forward } }) as Reconstructor;
}
