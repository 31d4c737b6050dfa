import { ArgumentError, checkText } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import type { ArgsOf, LossArgs } from "./args.js";
import { type Assumptions, lossAssumptions, type LossName } from "./assumptions.js";
import { Loss } from "./loss.js";

/** What the loss named `N` assumes: its row of the table, or any assumptions where the table has no such name. */
type AssumptionsOf<N extends string> = N extends LossName ? (typeof lossAssumptions)[N] : Assumptions;

/** The assumptions of a name that the table does not have, unless the subclass states its own. */
const NONE: Assumptions = { noise: "any", operator: "any", needs: [], adapted: false };

/**
 * Base class of the losses of this library. The name determines the assumptions, and with them the type of the
 * arguments of `forward`.
 */
export abstract class NamedLoss<N extends string = string> extends Loss {
  readonly name: N;
  readonly assumptions: AssumptionsOf<N>;

  protected constructor(name: N) {
    super();
    checkText(new.target.name, "name", name);
    this.name = name;
    this.assumptions = ((lossAssumptions as Readonly<Record<string, Assumptions>>)[name] ?? NONE) as AssumptionsOf<N>;
  }

  abstract override forward(args: N extends LossName ? ArgsOf<N> : LossArgs): Tensor;

  /**
   * The model as the class that {@link adaptModel} returns.
   *
   * @throws ArgumentError `model_not_adapted` where it is no instance of that class.
   */
  protected adapted<M>(model: unknown, AdaptedClass: abstract new (...args: never[]) => M): M {
    if (model instanceof AdaptedClass) return model;
    throw new ArgumentError(
      `${this.name}: model must be the one that adaptModel returns; call model = loss.adaptModel(model) before ` +
        "training.",
      "model_not_adapted",
    );
  }
}
