import { freeOnError } from "../tensor/index.js";
import { variation } from "../functional/index.js";
import { ArgumentError, ShapeError } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import type { ArgsOf } from "./args.js";
import { NamedLoss } from "./named-loss.js";
import { number, type OptionReaders, readOptions } from "./options.js";

/** Options of {@link TVLoss}. */
export interface TVLossOptions {
  /** Factor of the loss. Default: 1. */
  weight?: number;
}

const OPTIONS = { weight: number(1, { min: 0 }) } satisfies OptionReaders<TVLossOptions>;

/**
 * Squared total variation: `2 weight` times the sum over the spatial dimensions of the mean squared difference of
 * neighbours.
 *
 * Reconstructions have shape `[B, C, ...]` with at least two pixels along each spatial dimension.
 *
 * @returns shape `[B]`.
 */
export class TVLoss extends NamedLoss<"TVLoss"> {
  readonly weight: number;

  /** @throws ArgumentError `unknown_option` or `invalid_argument`. */
  constructor(options: TVLossOptions = {}) {
    super("TVLoss");
    this.weight = readOptions(this.name, options, OPTIONS).weight;
  }

  forward(args: ArgsOf<"TVLoss">): Tensor {
    return freeOnError(() => {
      this.check(args);
      const { xNet } = args;
      const { shape } = xNet;
      if (shape.length < 3 || shape[1] === 0 || shape.slice(2).some((n) => n < 2)) {
        throw new ShapeError(
          `${this.name}: xNet must have shape [B, C, ...] with at least two pixels along each spatial dimension, got ` +
            `[${shape.join(", ")}].`,
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
      if (!total) throw new ArgumentError(`${this.name}: xNet has no spatial dimension.`, "invalid_argument");
      return total.mul(2 * this.weight);
    });
  }
}
