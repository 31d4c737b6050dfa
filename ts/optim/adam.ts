import { ArgumentError, checkFlag, checkNumber, checkOptions } from "../runtime/index.js";
import { adamStep } from "../functional/index.js";
import { zeros } from "../tensor/index.js";
import type { Tensor } from "../tensor/index.js";
import { Optimizer, type Update } from "./optimizer.js";

/** Elements of parameters that one call updates, at most: until it returns, both old and new values are kept. */
const AT_ONCE = 2 ** 20;

/** Options of {@link Adam} and {@link AdamW}. */
export interface AdamOptions {
  /** Learning rate. Default: 1e-3. */
  lr?: number;
  /** Decay of the running means of the gradient and of its square, each in [0, 1). Default: [0.9, 0.999]. */
  betas?: readonly [number, number] | readonly number[];
  /** Added to the denominator. Default: 1e-8. */
  eps?: number;
  /** Weight decay, added to the gradient by Adam and applied to the parameter by AdamW. Default: 0, AdamW 0.01. */
  weightDecay?: number;
  /** Whether the denominator uses the largest running mean so far. Default: false. */
  amsgrad?: boolean;
}

/**
 * Adam. With g the gradient (plus `weightDecay p`) and step t = 1, 2, ...:
 *
 * `m = b1 m + (1 - b1) g`, `v = b2 v + (1 - b2) g^2`, `p = p - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)`.
 *
 * (Kingma, Ba, "Adam", 2015, arXiv:1412.6980; Reddi, Kale, Kumar, "On the convergence of Adam and beyond", 2018,
 * arXiv:1904.09237, for amsgrad.)
 */
export class Adam extends Optimizer {
  /** Decay of the two running means. */
  readonly betas: readonly [number, number];
  /** Added to the denominator. */
  readonly eps: number;
  /** Weight decay. */
  readonly weightDecay: number;
  /** Whether the denominator uses the largest running mean so far. */
  readonly amsgrad: boolean;
  /** Whether the decay acts on the parameter (AdamW) instead of the gradient. */
  protected readonly decoupled: boolean = false;

  /** @throws ArgumentError `empty_parameters`, `invalid_argument`, `unknown_option`. */
  constructor(parameters: readonly Tensor[], options: AdamOptions = {}) {
    super(parameters, options?.lr ?? 1e-3);
    const name = new.target.name;
    checkOptions(name, options, ["lr", "betas", "eps", "weightDecay", "amsgrad"]);
    const betas = options.betas ?? [0.9, 0.999];
    if (!Array.isArray(betas) || betas.length !== 2)
      throw new ArgumentError(`${name}: betas must be two numbers.`, "invalid_argument");
    (betas as readonly number[]).forEach((beta, i) => {
      if (checkNumber(name, `betas[${i}]`, beta, { min: 0, max: 1 }) === 1)
        throw new ArgumentError(`${name}: betas[${i}] is 1, expected a number below 1.`, "invalid_argument");
    });
    this.betas = [betas[0] as number, betas[1] as number];
    this.eps = checkNumber(name, "eps", options.eps ?? 1e-8, { min: 0 });
    this.weightDecay = checkNumber(name, "weightDecay", options.weightDecay ?? 0, { min: 0 });
    this.amsgrad = checkFlag(name, "amsgrad", options.amsgrad, false);
  }

  protected override updateAll(updates: readonly Update[], factor?: Tensor, leaveOut?: boolean): void {
    if (this.amsgrad) super.updateAll(updates, factor, leaveOut);
    else for (const group of together(updates)) this.#updateGroup(group, factor);
  }

  protected override update(parameter: Tensor, g: Tensor, index: number, step: number): void {
    const { m, v } = this.#moments(parameter, index);
    this.#withMaximum(
      parameter,
      g,
      m,
      v,
      this.slot(index, "vMax", () => zerosLike(parameter)),
      step,
    );
  }

  #moments(parameter: Tensor, index: number): { m: Tensor; v: Tensor } {
    const empty = (): Tensor => zerosLike(parameter);
    return { m: this.slot(index, "m", empty), v: this.slot(index, "v", empty) };
  }

  /** The step for parameters that have made as many, of one device and element type. */
  #updateGroup(group: readonly Update[], factor: Tensor | undefined): void {
    const { betas, eps, weightDecay, decoupled, learningRate: lr } = this;
    const { step } = group[0] as Update;
    const states = group.map(({ parameter, index }) => ({ parameter, ...this.#moments(parameter, index) }));
    const gradients = group.map(({ gradient }) => gradient);
    const next = adamStep(states, gradients, { step, lr, betas, eps, weightDecay, decoupled, factor });
    states.forEach(({ parameter, m, v }, i) => {
      const updated = next[i] as (typeof next)[number];
      parameter.assign_(updated.parameter);
      m.assign_(updated.m);
      v.assign_(updated.v);
    });
  }

  /** The step with the largest v so far in the denominator; rarely used, so composed of tensor operators. */
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

function zerosLike({ shape, dtype, device }: Tensor): Tensor {
  return zeros([...shape], { dtype, device });
}

/** Parameters that one call updates. */
function together(updates: readonly Update[]): Update[][] {
  const groups: Update[][] = [];
  const open = new Map<string, { group: Update[]; size: number }>();
  for (const update of updates) {
    const { parameter, step } = update;
    const key = `${step} ${parameter.dtype} ${parameter.device}`;
    const current = open.get(key);
    if (current && current.size + parameter.size <= AT_ONCE) {
      current.group.push(update);
      current.size += parameter.size;
    } else {
      const group = [update];
      groups.push(group);
      open.set(key, { group, size: parameter.size });
    }
  }
  return groups;
}

/**
 * Adam with decoupled weight decay: first `p = p (1 - lr weightDecay)`, then Adam's step on the gradient alone.
 * (Loshchilov, Hutter, "Decoupled weight decay regularization", 2019, arXiv:1711.05101.)
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
