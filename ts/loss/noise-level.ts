import { checkNumber } from "../runtime/index.js";
import { Tensor, keep, noGrad } from "../tensor/index.js";

/**
 * A noise level that is learned by gradient ascent with a running average of the gradient
 * (UNSURE: Tachella, Davies, Jacques, 2024).
 *
 * `v = momentum v + (1 - momentum) gradient` (the first gradient starts it), `value = value + stepSize v`.
 * It stays on the device: no step reads it back.
 */
export class NoiseLevel {
  /** The present level: a number before the first step, then a scalar tensor. */
  value: number | Tensor;
  private velocity: Tensor | undefined;

  constructor(
    initial: number,
    private readonly stepSize: number,
    private readonly momentum: number,
  ) {
    this.value = initial;
  }

  /** One step along the gradient, a scalar. */
  ascend(gradient: Tensor): void {
    const [velocity, value] = noGrad(() => {
      const g = gradient.detach();
      const v = this.velocity ? this.velocity.mul(this.momentum).add(g.mul(1 - this.momentum)) : g;
      return [v, v.mul(this.stepSize).add(this.value)] as const;
    });
    this.replace(velocity, value);
  }

  /** The level and its running average, empty before the first step. */
  stateDict(prefix: string): Record<string, Tensor> {
    if (typeof this.value === "number" || !this.velocity) return {};
    return { [prefix]: this.value.detach(), [`${prefix}Velocity`]: this.velocity.detach() };
  }

  /** Restores what {@link stateDict} gave. */
  loadStateDict(prefix: string, state: Record<string, Tensor>): void {
    const [value, velocity] = [state[prefix], state[`${prefix}Velocity`]];
    if (value && velocity) this.replace(velocity.clone(), value.clone());
  }

  private replace(velocity: Tensor, value: Tensor): void {
    const old = [this.velocity, this.value];
    // The next step needs both, even where each step is tidied.
    this.velocity = keep(velocity);
    this.value = keep(value);
    for (const t of old) if (t instanceof Tensor) t.dispose();
  }
}

/** Checks the two settings of the ascent. */
export function checkAscent(loss: string, stepSize: number, momentum: number): void {
  checkNumber(loss, "stepSize", stepSize, { min: 0 });
  checkNumber(loss, "momentum", momentum, { min: 0, max: 1 });
}
