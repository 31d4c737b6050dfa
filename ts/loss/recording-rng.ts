import type { Draw, Like, RandomSource } from "../random/index.js";
import { tensor, type Tensor } from "../tensor/index.js";

type Shape = readonly number[];

/** Draws from another source and keeps a copy of every draw, so that `new ReplayRng(draws)` repeats them. */
export class RecordingRng implements RandomSource {
  /** All draws so far. */
  readonly draws: Draw[];
  readonly #source: RandomSource;

  constructor(source: RandomSource, draws: Draw[] = []) {
    this.#source = source;
    this.draws = draws;
  }

  #keep(kind: string, drawn: Tensor, scale = 1): Tensor {
    this.draws.push({ kind, tensor: scale === 1 ? drawn.clone() : drawn.div(scale) });
    return drawn;
  }

  normal(shape: Shape, like?: Like): Tensor {
    return this.#keep("normal", this.#source.normal(shape, like));
  }
  uniform(shape: Shape, like?: Like): Tensor {
    return this.#keep("uniform", this.#source.uniform(shape, like));
  }
  rademacher(shape: Shape, like?: Like): Tensor {
    return this.#keep("rademacher", this.#source.rademacher(shape, like));
  }
  bernoulli(shape: Shape, p: number, like?: Like): Tensor {
    return this.#keep("bernoulli", this.#source.bernoulli(shape, p, like));
  }
  randint(low: number, high: number, shape: Shape = [], like?: Like): Tensor {
    return this.#keep("randint", this.#source.randint(low, high, shape, like));
  }
  permutation(n: number, like?: Like): Tensor {
    return this.#keep("permutation", this.#source.permutation(n, like));
  }
  choice(n: number, weights?: readonly number[]): number {
    const index = this.#source.choice(n, weights);
    const share = weights ?? Array.from({ length: n }, () => 1);
    const before = share.slice(0, index).reduce((a, b) => a + b, 0);
    const whole = share.reduce((a, b) => a + b, 0);
    // A replay chooses by a uniform number: the middle of the interval of the chosen index chooses it again.
    this.draws.push({
      kind: "uniform",
      tensor: tensor((before + (share[index] ?? 0) / 2) / whole, { dtype: "float64", device: "cpu" }),
    });
    return index;
  }
  poisson(rate: Tensor, like?: Like): Tensor {
    return this.#keep("poisson", this.#source.poisson(rate, like));
  }
  binomial(n: Tensor, p: number, like?: Like): Tensor {
    return this.#keep("binomial", this.#source.binomial(n, p, like));
  }
  gamma(shapeParameter: number, scale: number, shape: Shape, like?: Like): Tensor {
    return this.#keep("gamma", this.#source.gamma(shapeParameter, scale, shape, like), scale);
  }
  beta(a: number, b: number, shape: Shape, like?: Like): Tensor {
    return this.#keep("beta", this.#source.beta(a, b, shape, like));
  }
  exponential(shape: Shape, like?: Like): Tensor {
    return this.#keep("exponential", this.#source.exponential(shape, like));
  }
  laplace(shape: Shape, like?: Like): Tensor {
    return this.#keep("laplace", this.#source.laplace(shape, like));
  }
  fork(): RecordingRng {
    return new RecordingRng(this.#source.fork(), this.draws);
  }
  state(): string {
    return this.#source.state();
  }
}
