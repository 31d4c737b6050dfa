import { ArgumentError, type Binding, binding, checkNumber, currentDevice } from "../runtime/index.js";
import { fromHandle, type Tensor } from "../tensor/index.js";
import type { Like, RandomSource } from "./source.js";

type Shape = readonly number[];
const registry = new FinalizationRegistry<{ handle: number; host: Binding }>(({ handle, host }) =>
  host.rngDispose(handle),
);

/**
 * A stream of random numbers fixed by its seed: the same draws on every machine, device and thread count.
 * Sampling is done in float64 by the core and rounded to the element type asked for.
 */
export class Rng implements RandomSource {
  #handle: number;
  #host: Binding;

  /** The stream of a seed, a safe integer. Throws ArgumentError `invalid_argument` for anything else. */
  constructor(seed: number);
  constructor(seed: number, handle?: number) {
    this.#host = binding();
    if (handle === undefined)
      checkNumber("Rng", "seed", seed, { integer: true, min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
    this.#handle = handle ?? this.#host.rngNew(seed);
    registry.register(this, { handle: this.#handle, host: this.#host });
  }

  static #wrap(handle: number): Rng {
    const Wrapped = Rng as unknown as new (seed: number, handle: number) => Rng;
    return new Wrapped(0, handle);
  }

  /** The stream that goes on from a `state()`. Throws ArgumentError for text that is none. */
  static from(state: string): Rng {
    return Rng.#wrap(binding().rngFrom(state));
  }

  /** A stream with a seed from the operating system. */
  static fromEntropy(): Rng {
    const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
    return new Rng((high & 0x1fffff) * 2 ** 32 + low);
  }

  #draw(kind: string, shape: Shape, params: number[], like: Like | undefined, of?: Tensor): Tensor {
    const dtype = like?.dtype ?? of?.dtype ?? "float32";
    const device = like?.device ?? of?.device ?? currentDevice();
    return fromHandle(this.#host.rngDraw(this.#handle, kind, [...shape], params, of?.handle ?? 0, dtype, device));
  }

  normal(shape: Shape, like?: Like): Tensor {
    return this.#draw("normal", shape, [], like);
  }
  uniform(shape: Shape, like?: Like): Tensor {
    return this.#draw("uniform", shape, [], like);
  }
  rademacher(shape: Shape, like?: Like): Tensor {
    return this.#draw("rademacher", shape, [], like);
  }
  bernoulli(shape: Shape, p: number, like?: Like): Tensor {
    return this.#draw("bernoulli", shape, [p], like);
  }
  randint(low: number, high: number, shape: Shape = [], like?: Like): Tensor {
    return this.#draw("randint", shape, [low, high], like);
  }
  permutation(n: number, like?: Like): Tensor {
    return this.#draw("permutation", [n], [], like);
  }
  choice(n: number, weights?: readonly number[]): number {
    checkNumber("Rng.choice", "n", n, { min: 1, integer: true });
    const u = this.#draw("uniform", [], [], { dtype: "float64", device: "cpu" });
    const at = u.itemSync();
    u.dispose();
    return pick(at, n, weights);
  }
  poisson(rate: Tensor, like?: Like): Tensor {
    return this.#draw("poisson", [], [], like, rate);
  }
  binomial(n: Tensor, p: number, like?: Like): Tensor {
    return this.#draw("binomial", [], [p], like, n);
  }
  gamma(shapeParameter: number, scale: number, shape: Shape, like?: Like): Tensor {
    return this.#draw("gamma", shape, [shapeParameter, scale], like);
  }
  beta(a: number, b: number, shape: Shape, like?: Like): Tensor {
    return this.#draw("beta", shape, [a, b], like);
  }
  exponential(shape: Shape, like?: Like): Tensor {
    return this.#draw("exponential", shape, [], like);
  }
  laplace(shape: Shape, like?: Like): Tensor {
    return this.#draw("laplace", shape, [], like);
  }
  fork(): Rng {
    return Rng.#wrap(this.#host.rngFork(this.#handle));
  }
  state(): string {
    return this.#host.rngState(this.#handle);
  }
}

/** The index that a uniform number picks: the first whose share of the total weight reaches beyond it. */
export function pick(u: number, n: number, weights: readonly number[] | undefined): number {
  if (weights === undefined) return Math.min(n - 1, Math.floor(u * n));
  if (weights.length !== n)
    throw new ArgumentError(
      `Rng.choice: ${weights.length} weights for ${n} entries, expected one each`,
      "invalid_argument",
    );
  for (const w of weights) checkNumber("Rng.choice", "a weight", w, { min: 0 });
  const total = weights.reduce((a, b) => a + b, 0);
  if (!(total > 0))
    throw new ArgumentError("Rng.choice: the weights sum to 0, expected at least one above 0", "invalid_argument");
  let left = u * total;
  let last = 0;
  for (let i = 0; i < n; i++) {
    const w = weights[i] as number;
    if (w === 0) continue;
    if (left < w) return i;
    left -= w;
    last = i;
  }
  return last;
}
