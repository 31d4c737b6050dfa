import { softplus, linear } from "../functional/index.js";
import { Module, type WeightOptions } from "../nn/index.js";
import { resolveRng } from "../random/index.js";
import { cat, freeKeptOnError, freeOnError, where, zeros, type Tensor } from "../tensor/index.js";

/** `log(1 + e)`, softplus at 1. */
const AT_ONE = Math.log1p(Math.E);

/** `x |W|^T + b`: each output increases with each input. Named W and b as in deepinv. */
class IncreasingLinear extends Module {
  readonly W: Tensor;
  readonly b: Tensor;

  constructor(inFeatures: number, outFeatures: number, weights: WeightOptions) {
    super();
    const { rng, ...like } = weights;
    [this.W, this.b] = freeKeptOnError(() => [
      this.registerParameter("W", resolveRng(rng).normal([outFeatures, inFeatures], like).mul(0.1)),
      this.registerParameter("b", zeros([outFeatures], like)),
    ]);
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.W.abs(), { bias: this.b });
  }
}

/**
 * Softplus s(x) for the first 40 % of the columns, the concave `-s(-x)` for as many, and for the rest a bounded one:
 * `s(x + 1) - s(1)` below 0 and `s(1) - s(1 - x)` above. All increase.
 */
function activated(x: Tensor): Tensor {
  const width = x.shape[1] ?? 0;
  const share = Math.floor(0.4 * width);
  const columns = (from: number, to: number) => x.slice([0, from], [undefined, to]);
  const rest = columns(2 * share, width);
  const bounded = where(rest.lt(0), softplus(rest.add(1)).sub(AT_ONE), softplus(rest.neg().add(1)).neg().add(AT_ONE));
  if (share === 0) return bounded;
  return cat([softplus(columns(0, share)), softplus(columns(share, 2 * share).neg()).neg(), bounded], 1);
}

/**
 * An increasing function of one number, `[N, 1]` to `[N, 1]`, with `depth` hidden layers (Runje, Shankaranarayana,
 * "Constrained monotonic neural networks", 2023, arXiv:2205.11775).
 */
export class MonotonicNet extends Module {
  readonly layers: readonly IncreasingLinear[];

  constructor(depth: number, hiddenFeatures: number, weights: WeightOptions) {
    super();
    const sizes = [1, ...Array.from({ length: depth }, () => hiddenFeatures), 1];
    this.layers = freeKeptOnError(() =>
      sizes.slice(1).map((size, i) => new IncreasingLinear(sizes[i] as number, size, weights)),
    );
  }

  forward(x: Tensor): Tensor {
    return freeOnError(() =>
      this.layers.reduce((values, layer, i) => layer.forward(i === 0 ? values : activated(values)), x),
    );
  }
}
