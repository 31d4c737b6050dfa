import { variation } from "../functional/index.js";
import { ArgumentError, ShapeError, checkNumber, checkOptions } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { lossAssumptions } from "./assumptions.js";
import { Loss } from "./loss.js";
import type { ArgsOf } from "./pairing.js";

/** Options of {@link TVLoss}. */
export interface TVLossOptions {
  /** Factor of the loss. Default 1. */
  weight?: number;
}

/**
 * Squared total variation: `2 weight` times the sum over the spatial dimensions of the mean squared difference of
 * neighbours.
 *
 * Reconstructions have shape `[B, C, ...]` with at least two pixels along each spatial dimension.
 */
export class TVLoss extends Loss {
  readonly name: string = "TVLoss";
  readonly assumptions = lossAssumptions.TVLoss;
  readonly weight: number;

  constructor(options: TVLossOptions = {}) {
    super();
    checkOptions("TVLoss", options, ["weight"]);
    this.weight = checkNumber("TVLoss", "weight", options.weight ?? 1, { min: 0 });
  }

  forward(args: ArgsOf<"TVLoss">): Tensor {
    this.check(args);
    const { xNet } = args;
    const { shape } = xNet;
    if (shape.length < 3 || shape[1] === 0 || shape.slice(2).some((n) => n < 2)) {
      throw new ShapeError(
        `TVLoss: xNet must have shape [B, C, ...] with at least two pixels along each spatial dimension, got [${shape.join(", ")}].`,
        "shape_mismatch",
      );
    }
    const entries = shape.slice(1).reduce((n, size) => n * size, 1);
    let total: Tensor | undefined;
    for (let dim = 2; dim < shape.length; dim++) {
      const length = shape[dim] as number;
      const differences = (entries / length) * (length - 1);
      const term = variation(xNet, { dim }).div(differences);
      total = total ? total.add(term) : term;
    }
    if (!total) throw new ArgumentError("TVLoss: xNet has no spatial dimension.", "invalid_argument");
    return total.mul(2 * this.weight);
  }
}
