import { ArgumentError, checkFlag, checkNumber, checkOptions } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { Optimizer } from "./optimizer.js";

/** Options of {@link SGD}. */
export interface SGDOptions {
  /** Learning rate; default 1e-3. */
  lr?: number;
  /** Share of the last direction that is kept; default 0. */
  momentum?: number;
  /** Share of the gradient that is left out of the direction; default 0. */
  dampening?: number;
  /** Pull towards 0, added to the gradient; default 0. */
  weightDecay?: number;
  /** Whether to look ahead by one momentum step; default false. */
  nesterov?: boolean;
}

/**
 * Gradient descent. With g the gradient plus weightDecay p: b = momentum b + (1 - dampening) g (b = g at the first
 * step), p = p - lr b; with `nesterov` p = p - lr (g + momentum b).
 *
 * Throws ArgumentError for options out of range or unknown, and for `nesterov` without momentum or with dampening.
 * Reference: Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum", 2013.
 */
export class SGD extends Optimizer {
  /** Share of the last direction that is kept. */
  readonly momentum: number;
  /** Share of the gradient that is left out. */
  readonly dampening: number;
  /** Pull towards 0. */
  readonly weightDecay: number;
  /** Whether to look ahead. */
  readonly nesterov: boolean;

  constructor(parameters: readonly Tensor[], options: SGDOptions = {}) {
    super(parameters, options?.lr ?? 1e-3);
    checkOptions("SGD", options, ["lr", "momentum", "dampening", "weightDecay", "nesterov"]);
    this.momentum = checkNumber("SGD", "momentum", options.momentum ?? 0, { min: 0 });
    this.dampening = checkNumber("SGD", "dampening", options.dampening ?? 0);
    this.weightDecay = checkNumber("SGD", "weightDecay", options.weightDecay ?? 0, { min: 0 });
    this.nesterov = checkFlag("SGD", "nesterov", options.nesterov, false);
    if (this.nesterov && (this.momentum === 0 || this.dampening !== 0)) {
      throw new ArgumentError("SGD: nesterov needs a momentum above 0 and no dampening", "invalid_argument");
    }
  }

  protected override update(parameter: Tensor, gradient: Tensor, index: number): void {
    const g = this.weightDecay > 0 ? gradient.add(parameter.mul(this.weightDecay)) : gradient;
    let direction = g;
    if (this.momentum > 0) {
      const first = !this.hasSlot(index, "momentum");
      const buffer = this.slot(index, "momentum", () => g.detach().clone());
      if (!first) buffer.assign_(buffer.mul(this.momentum).add(g.mul(1 - this.dampening)));
      direction = this.nesterov ? g.add(buffer.mul(this.momentum)) : buffer;
    }
    parameter.assign_(parameter.sub(direction.mul(this.learningRate)));
  }
}
