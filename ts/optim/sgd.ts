import { ArgumentError, checkFlag, checkNumber, checkOptions } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { Optimizer } from "./optimizer.js";

/** Options of {@link SGD}. */
export interface SGDOptions {
  /** Learning rate. Default: 1e-3. */
  lr?: number;
  /** Factor of the previous direction. Default: 0. */
  momentum?: number;
  /** Share of the gradient that does not enter the direction. Default: 0. */
  dampening?: number;
  /** Weight decay, added to the gradient. Default: 0. */
  weightDecay?: number;
  /** Nesterov momentum. Default: false. */
  nesterov?: boolean;
}

/**
 * Stochastic gradient descent. With g the gradient plus `weightDecay p`: `b = momentum b + (1 - dampening) g` (`b = g`
 * in the first step), `p = p - lr b`; with `nesterov`, `p = p - lr (g + momentum b)`.
 *
 * (Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep learning", 2013.)
 */
export class SGD extends Optimizer {
  /** Factor of the previous direction. */
  readonly momentum: number;
  /** Share of the gradient that does not enter the direction. */
  readonly dampening: number;
  /** Weight decay. */
  readonly weightDecay: number;
  /** Nesterov momentum. */
  readonly nesterov: boolean;

  /**
   * @throws ArgumentError `empty_parameters`, `unknown_option`, and `invalid_argument`, also for `nesterov` without
   * momentum or with dampening.
   */
  constructor(parameters: readonly Tensor[], options: SGDOptions = {}) {
    super(parameters, options?.lr ?? 1e-3);
    checkOptions("SGD", options, ["lr", "momentum", "dampening", "weightDecay", "nesterov"]);
    this.momentum = checkNumber("SGD", "momentum", options.momentum ?? 0, { min: 0 });
    this.dampening = checkNumber("SGD", "dampening", options.dampening ?? 0);
    this.weightDecay = checkNumber("SGD", "weightDecay", options.weightDecay ?? 0, { min: 0 });
    this.nesterov = checkFlag("SGD", "nesterov", options.nesterov, false);
    if (this.nesterov && (this.momentum === 0 || this.dampening !== 0)) {
      throw new ArgumentError("SGD: nesterov needs a momentum above 0 and no dampening.", "invalid_argument");
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
