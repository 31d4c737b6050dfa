import {
  ArgumentError,
  type Binding,
  binding,
  checkList,
  checkNumber,
  checkOptions,
  checkText,
  currentDevice,
  shown,
} from "../runtime/index.js";
import { optionalHandle, Tensor, tidy } from "../tensor/index.js";
import type { Like, RandomSource } from "./source.js";
import { Stream } from "./stream.js";
import { CPU_FLOAT64 } from "./values.js";

type Shape = readonly number[];

const SIZE = { integer: true, min: 0, max: Number.MAX_SAFE_INTEGER } as const;
const SAFE = { min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER };

/**
 * A random stream fixed by its seed: the same draws on every machine, device and number of threads. Draws are computed
 * in float64 on the CPU and rounded to the element type.
 */
export class Rng implements RandomSource {
  #stream: Stream;

  /**
   * The stream of a seed.
   *
   * @param seed a safe integer.
   * @throws ArgumentError `invalid_argument` for any other value.
   */
  constructor(seed: number) {
    checkNumber("Rng", "seed", seed, { integer: true, ...SAFE });
    const owner = binding();
    this.#stream = new Stream(this, owner, () => owner.rngNew(seed));
  }

  static #of(owner: Binding, handle: number): Rng {
    const rng = new Rng(0);
    rng.#stream = new Stream(rng, owner, handle);
    return rng;
  }

  /**
   * The stream that continues from a `state()`.
   *
   * @throws ArgumentError `invalid_argument` where the text is not a state.
   */
  static from(state: string): Rng {
    checkText("Rng.from", "state", state);
    const owner = binding();
    return Rng.#of(owner, owner.rngFrom(state));
  }

  /** A stream seeded by the operating system. */
  static fromEntropy(): Rng {
    const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
    return new Rng((high & 0x1fffff) * 2 ** 32 + low);
  }

  /**
   * The stream of one index, such as that of a sample: made without drawing those before it.
   *
   * The streams of different indices and seeds are independent; the seed of each is a hash of both (SplitMix64: Steele,
   * Lea, Flood, "Fast splittable pseudorandom number generators", 2014, doi:10.1145/2660193.2660195).
   *
   * @param seed a safe integer.
   * @param index a safe integer of at least 0.
   * @throws ArgumentError `invalid_argument` for any other value.
   */
  static ofIndex(seed: number, index: number): Rng {
    checkNumber("Rng.ofIndex", "seed", seed, { integer: true, ...SAFE });
    checkNumber("Rng.ofIndex", "index", index, { integer: true, min: 0, max: SAFE.max });
    const hash = splitMix(splitMix(BigInt(seed)) + BigInt(index));
    return new Rng(Number(BigInt.asUintN(53, hash)));
  }

  #draw(kind: string, shape: Shape, params: number[], like: Like | undefined, of?: Tensor): Tensor {
    const dtype = like?.dtype ?? of?.dtype ?? "float32";
    const device = like?.device ?? of?.device ?? currentDevice();
    const { handle, binding: owner } = this.#stream;
    for (const size of checkList(kind, "shape", shape, 32)) checkNumber(kind, "shape", size, SIZE);
    checkOptions(kind, { dtype, device }, ["dtype", "device"]);
    for (const value of params) {
      if (typeof value !== "number")
        throw new ArgumentError(`${kind}: a parameter is ${shown(value)}, expected a number.`, "invalid_argument");
    }
    return new Tensor(owner.rngDraw(handle, kind, [...shape], params, optionalHandle(of) ?? 0, dtype, device));
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
    if (weights !== undefined) checkList("Rng.choice", "weights", weights);
    const value = tidy(() => this.#draw("uniform", [], [], CPU_FLOAT64).itemSync());
    return pick(value, n, weights);
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
    const { handle, binding: owner } = this.#stream;
    return Rng.#of(owner, owner.rngFork(handle));
  }
  state(): string {
    return this.#stream.binding.rngState(this.#stream.handle);
  }
}

/**
 * The index that a uniform number u on [0, 1) selects: the first whose cumulative weight exceeds u times the total.
 *
 * @throws ArgumentError `invalid_argument` where the weights are not n numbers of at least 0 with a sum above 0.
 */
export function pick(u: number, n: number, weights: readonly number[] | undefined): number {
  if (weights === undefined) return Math.min(n - 1, Math.floor(u * n));
  if (weights.length !== n) {
    throw new ArgumentError(
      `Rng.choice: got ${weights.length} weights for ${n} entries, expected one for each.`,
      "invalid_argument",
    );
  }
  for (const weight of weights) checkNumber("Rng.choice", "a weight", weight, { min: 0 });
  const total = weights.reduce((a, b) => a + b, 0);
  if (!(total > 0)) {
    throw new ArgumentError("Rng.choice: the weights sum to 0, expected at least one above 0.", "invalid_argument");
  }
  let rest = u * total;
  let last = 0;
  for (const [index, weight] of weights.entries()) {
    if (weight === 0) continue;
    if (rest < weight) return index;
    rest -= weight;
    last = index;
  }
  // Only rounding can lead here.
  return last;
}

/** The finaliser of SplitMix64: every bit of the result depends on every bit of `value`. */
function splitMix(value: bigint): bigint {
  const wrap = (x: bigint): bigint => BigInt.asUintN(64, x);
  let z = wrap(value + 0x9e3779b97f4a7c15n);
  z = wrap((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = wrap((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}
