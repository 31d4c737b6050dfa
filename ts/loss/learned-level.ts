import { Tensor, keep, noGrad, where } from "../tensor/index.js";

/**
 * A noise level that is learned by gradient ascent with a running average of the gradient (UNSURE: Tachella, Davies,
 * Jacques, 2024, arXiv:2409.01985).
 *
 * `v = momentum v + (1 - momentum) gradient` (initially the first gradient), `value = value + stepSize v`; then
 * {@link limit} scales the level back where a bound asks for it. Both stay on the device: no step reads them back.
 */
export class LearnedLevel {
  /** The current level: a number before the first step, then a scalar tensor. */
  value: number | Tensor;
  readonly #stepSize: number;
  readonly #momentum: number;
  #velocity: Tensor | undefined;

  constructor(initial: number, stepSize: number, momentum: number) {
    this.value = initial;
    this.#stepSize = stepSize;
    this.#momentum = momentum;
  }

  /** One step along the gradient, a scalar. */
  ascend(gradient: Tensor): void {
    const [velocity, value] = noGrad(() => {
      const g = gradient.detach();
      const v = this.#velocity ? this.#velocity.mul(this.#momentum).add(g.mul(1 - this.#momentum)) : g;
      return [v, v.mul(this.#stepSize).add(this.value)] as const;
    });
    this.#replace(velocity, value);
  }

  /**
   * Multiplies the level by a scalar factor of at most 1, and lets it not fall below 0, unless it is `signed`. Where
   * the factor is below 1 the running average keeps no push away from 0, which would only lead to the bound again.
   */
  limit(factor: Tensor, signed = false): void {
    const velocity = this.#velocity;
    if (!velocity) return;
    const [next, value] = noGrad(() => {
      const f = factor.detach();
      const scaled = f.mul(this.value);
      if (signed) return [where(f.lt(1), 0, velocity), scaled] as const;
      return [where(f.lt(1), velocity.minimum(0), velocity), scaled.maximum(0)] as const;
    });
    this.#replace(next, value);
  }

  /** The level and its running average, empty before the first step. */
  stateDict(prefix: string): Record<string, Tensor> {
    if (typeof this.value === "number" || !this.#velocity) return {};
    return { [prefix]: this.value.detach(), [`${prefix}Velocity`]: this.#velocity.detach() };
  }

  /** Restores what {@link stateDict} gave. */
  loadStateDict(prefix: string, state: Record<string, Tensor>): void {
    const [value, velocity] = [state[prefix], state[`${prefix}Velocity`]];
    if (value && velocity) this.#replace(velocity.clone(), value.clone());
  }

  #replace(velocity: Tensor, value: Tensor): void {
    const old = [this.#velocity, this.value];
    // The next step needs both, even if each step runs in its own tidy.
    this.#velocity = keep(velocity);
    this.value = keep(value);
    for (const t of old) if (t instanceof Tensor) t.dispose();
  }
}
