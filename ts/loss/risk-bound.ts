import { keep, noGrad, type Tensor, where } from "../tensor/index.js";

/** Weight of the past in the running means: they span about twenty calls. */
const past = 0.95;
/** How far below 0 the mean risk may be, as a share of what the noise contributes: random errors of the means. */
const slack = 0.1;

/**
 * The upper bound on learned noise levels that follows from a risk never being negative.
 *
 * For noise of levels v (variance, gain) the estimate of the risk of a network f is linear in them:
 * `E |A f(y) - A x|^2 / n = E r - sum_k v_k E a_k`, with the residual `r = |A f(y) - y|^2 / n` and, for Gaussian noise,
 * `a = 1 - 2 div / n`. As the left side is not negative, any f bounds the levels: `sum_k v_k E a_k <= E r`. UNSURE
 * ascends on v along the divergence (Tachella, Davies, Jacques, 2024, arXiv:2409.01985) with a step in units of v,
 * which for a small level is many times the level: it overshoots before f has answered, and then f is rewarded for a
 * negative divergence. Worse where noise is correlated, as after JPEG or scaling: along directions in which the
 * covariance S of y has an eigenvalue l < v / 2, the minimiser `f(y) = y - v S^-1 y` inverts and amplifies, `|1 - v /
 * l| > 1`, and its risk `v - v^2 / l` falls without bound as l goes to 0.
 *
 * Both means are over past calls. Where the levels exceed the bound, they are scaled back to it. The optimum of UNSURE
 * is not cut off: for affine f and Gaussian noise it is `v* = n / tr(S^-1)`, and the minimiser at any v has `r / a =
 * v^2 / (2 v - v*) >= v*`, with equality at v*. `slack` leaves room for random errors there.
 */
export class RiskBound {
  /** Running means of r and of each a, scalars; empty before the first call. */
  #means: readonly Tensor[] = [];

  /**
   * The factor, at most 1, by which levels have to be multiplied.
   *
   * @param residual r of a call, a scalar.
   * @param shares Each a of the call, scalars, with the level that belongs to it.
   */
  factor(residual: Tensor, shares: readonly (readonly [a: Tensor, level: number | Tensor])[]): Tensor {
    return noGrad(() => {
      const current = [residual, ...shares.map(([a]) => a)].map((t) => t.detach());
      const old = this.#means;
      this.#means = current.map((value, i) => {
        const before = old[i];
        return keep(before ? before.mul(past).add(value.mul(1 - past)) : value.clone());
      });
      for (const value of old) value.dispose();
      const [r, ...means] = this.#means as [Tensor, ...Tensor[]];
      const noise = means.map((a, k) => a.mul(shares[k]?.[1] as number | Tensor)).reduce((sum, part) => sum.add(part));
      // Without a share above 0 there is no bound: a network that changes nothing has the residual 0 and a = -1.
      const bound = r.div(noise.mul(1 - slack).maximum(2 ** -126)).minimum(1);
      return where(noise.gt(0), bound, 1);
    });
  }

  /** The running means, empty before the first call. */
  stateDict(prefix: string): Record<string, Tensor> {
    return Object.fromEntries(this.#means.map((value, i) => [`${prefix}.${i}`, value.detach()]));
  }

  /** Restores what {@link stateDict} gave; a state without them begins anew. */
  loadStateDict(prefix: string, state: Record<string, Tensor>): void {
    for (const value of this.#means) value.dispose();
    const values: Tensor[] = [];
    for (let i = 0; ; i++) {
      const value = state[`${prefix}.${i}`];
      if (!value) break;
      values.push(keep(value.clone()));
    }
    this.#means = values;
  }
}
