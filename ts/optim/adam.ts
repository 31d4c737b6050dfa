import { ArgumentError, checkFlag, checkNumber, checkOptions } from "../runtime/index.js";
import { adamStep } from "../functional/index.js";
import { zeros } from "../tensor/index.js";
import type { Tensor } from "../tensor/index.js";
import { Optimizer } from "./optimizer.js";

/** Options of {@link Adam} and {@link AdamW}. */
export interface AdamOptions {
  /** Learning rate; default 1e-3. */
  lr?: number;
  /** Decay of the averages of the gradient and of its square, each in [0, 1); default [0.9, 0.999]. */
  betas?: readonly [number, number] | readonly number[];
  /** Added to the denominator; default 1e-8. */
  eps?: number;
  /** Pull towards 0; default 0 (Adam: added to the gradient) or 0.01 (AdamW: applied to the parameter). */
  weightDecay?: number;
  /** Whether the denominator uses the largest average so far; default false. */
  amsgrad?: boolean;
}

/**
 * Adam. With g the gradient (plus weightDecay p) and step t = 1, 2, ...:
 * m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2,
 * p = p - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps).
 *
 * Throws ArgumentError for options out of range or unknown.
 * References: Kingma, Ba, "Adam", 2015; Reddi, Kale, Kumar, "On the convergence of Adam and beyond", 2018 (amsgrad).
 */
export class Adam extends Optimizer {
  /** Decay of the two averages. */
  readonly betas: readonly [number, number];
  /** Added to the denominator. */
  readonly eps: number;
  /** Pull towards 0. */
  readonly weightDecay: number;
  /** Whether the denominator uses the largest average so far. */
  readonly amsgrad: boolean;
  /** Whether the decay acts on the parameter (AdamW) instead of the gradient. */
  protected readonly decoupled: boolean = false;

  constructor(parameters: readonly Tensor[], options: AdamOptions = {}) {
    super(parameters, options?.lr ?? 1e-3);
    const name = new.target.name;
    checkOptions(name, options, ["lr", "betas", "eps", "weightDecay", "amsgrad"]);
    const betas = options.betas ?? [0.9, 0.999];
    if (!Array.isArray(betas) || betas.length !== 2)
      throw new ArgumentError(`${name}: betas must be two numbers`, "invalid_argument");
    (betas as readonly number[]).forEach((beta, i) => {
      if (checkNumber(name, `betas[${i}]`, beta, { min: 0, max: 1 }) === 1)
        throw new ArgumentError(`${name}: betas[${i}] is 1, expected a number below 1`, "invalid_argument");
    });
    this.betas = [betas[0] as number, betas[1] as number];
    this.eps = checkNumber(name, "eps", options.eps ?? 1e-8, { min: 0 });
    this.weightDecay = checkNumber(name, "weightDecay", options.weightDecay ?? 0, { min: 0 });
    this.amsgrad = checkFlag(name, "amsgrad", options.amsgrad, false);
  }

  protected override update(parameter: Tensor, g: Tensor, index: number, step: number): void {
    const empty = (): Tensor => zeros([...parameter.shape], { dtype: parameter.dtype, device: parameter.device });
    const m = this.slot(index, "m", empty);
    const v = this.slot(index, "v", empty);
    if (this.amsgrad) return this.#withMaximum(parameter, g, m, v, this.slot(index, "vMax", empty), step);
    const { betas, eps, weightDecay, decoupled, learningRate: lr } = this;
    const next = adamStep({ parameter, m, v }, g, { step, lr, betas, eps, weightDecay, decoupled });
    parameter.assign_(next.parameter);
    m.assign_(next.m);
    v.assign_(next.v);
  }

  /** The same with the largest v so far in the denominator; rare, so made of tensor operators. */
  #withMaximum(parameter: Tensor, gradient: Tensor, m: Tensor, v: Tensor, vMax: Tensor, step: number): void {
    const [b1, b2] = this.betas;
    const rate = this.learningRate;
    const g = this.weightDecay > 0 && !this.decoupled ? gradient.add(parameter.mul(this.weightDecay)) : gradient;
    const start = this.weightDecay > 0 && this.decoupled ? parameter.mul(1 - rate * this.weightDecay) : parameter;
    m.assign_(m.mul(b1).add(g.mul(1 - b1)));
    v.assign_(v.mul(b2).add(g.square().mul(1 - b2)));
    vMax.assign_(vMax.maximum(v));
    const denominator = vMax
      .sqrt()
      .div(Math.sqrt(1 - b2 ** step))
      .add(this.eps);
    parameter.assign_(start.sub(m.div(denominator).mul(rate / (1 - b1 ** step))));
  }
}

/**
 * Adam with decoupled weight decay: p = p (1 - lr weightDecay) first, then Adam's step on the plain gradient.
 * Default `weightDecay` 0.01. Reference: Loshchilov, Hutter, "Decoupled weight decay regularization", 2019.
 */
export class AdamW extends Adam {
  protected override readonly decoupled: boolean = true;

  constructor(parameters: readonly Tensor[], options: AdamOptions = {}) {
    super(
      parameters,
      options === null || typeof options !== "object" || Array.isArray(options)
        ? options
        : { ...options, weightDecay: options.weightDecay ?? 0.01 },
    );
  }
}
