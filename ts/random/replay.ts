import { ArgumentError, ShapeError } from "../runtime/index.js";
import { noGrad, type Tensor } from "../tensor/index.js";
import { pick } from "./rng.js";
import type { Like, RandomSource } from "./source.js";

/** One recorded draw; scale and shift are not applied to `tensor`. */
export interface Draw {
  /** Name of the drawing method: `normal`, `uniform`, ... */
  kind: string;
  /** What was drawn. */
  tensor: Tensor;
}

type Shape = readonly number[];

/**
 * Hands out recorded draws in order, in place of a random stream. A gamma draw holds Gamma(shape, 1) and is multiplied
 * by the scale; the others are given as they are. Throws ArgumentError `replay_exhausted` or `replay_kind`, ShapeError
 * `replay_shape` where a draw is not the one recorded. A fork shares the record.
 */
export class ReplayRng implements RandomSource {
  readonly #draws: readonly Draw[];
  #at: { next: number };

  constructor(draws: readonly Draw[]) {
    this.#draws = draws;
    this.#at = { next: 0 };
  }

  /** Draws not yet handed out. */
  get remaining(): number {
    return this.#draws.length - this.#at.next;
  }

  /** Throws ArgumentError `replay_left` where recorded draws were not handed out. */
  assertDone(): void {
    if (this.remaining > 0)
      throw new ArgumentError(
        `ReplayRng: ${this.remaining} of ${this.#draws.length} recorded draws were not asked for`,
        "replay_left",
      );
  }

  #next(kind: string, shape: Shape | undefined, like: Like | undefined): Tensor {
    const at = this.#at.next;
    const draw = this.#draws[at];
    if (draw === undefined)
      throw new ArgumentError(
        `ReplayRng: a ${kind} draw is asked for, but all ${at} recorded ones are used`,
        "replay_exhausted",
      );
    if (draw.kind !== kind)
      throw new ArgumentError(`ReplayRng: draw ${at} is ${draw.kind}, but ${kind} is asked for`, "replay_kind");
    if (shape !== undefined && shape.join() !== draw.tensor.shape.join()) {
      throw new ShapeError(
        `ReplayRng: draw ${at} (${kind}) has shape [${draw.tensor.shape.join(", ")}], but [${shape.join(", ")}] is asked for`,
        "replay_shape",
      );
    }
    this.#at.next = at + 1;
    // A copy: the one who asked may dispose it.
    const { dtype = draw.tensor.dtype, device = draw.tensor.device } = like ?? {};
    // Double precision exists on the CPU only: numbers are rounded before they leave it, and widened after they came.
    return noGrad(() =>
      (device === "cpu" ? draw.tensor.to(device).to(dtype) : draw.tensor.to(dtype).to(device)).clone(),
    );
  }

  normal(shape: Shape, like?: Like): Tensor {
    return this.#next("normal", shape, like);
  }
  uniform(shape: Shape, like?: Like): Tensor {
    return this.#next("uniform", shape, like);
  }
  rademacher(shape: Shape, like?: Like): Tensor {
    return this.#next("rademacher", shape, like);
  }
  bernoulli(shape: Shape, _p: number, like?: Like): Tensor {
    return this.#next("bernoulli", shape, like);
  }
  randint(_low: number, _high: number, shape: Shape = [], like?: Like): Tensor {
    return this.#next("randint", shape, like);
  }
  permutation(n: number, like?: Like): Tensor {
    return this.#next("permutation", [n], like);
  }
  choice(n: number, weights?: readonly number[]): number {
    const u = this.#next("uniform", undefined, undefined);
    const at = u.itemSync();
    u.dispose();
    return pick(at, n, weights);
  }
  poisson(rate: Tensor, like?: Like): Tensor {
    return this.#next("poisson", rate.shape, like ?? rate);
  }
  binomial(n: Tensor, _p: number, like?: Like): Tensor {
    return this.#next("binomial", n.shape, like ?? n);
  }
  gamma(_shapeParameter: number, scale: number, shape: Shape, like?: Like): Tensor {
    const unit = this.#next("gamma", shape, like);
    return scale === 1 ? unit : unit.mul(scale);
  }
  beta(_a: number, _b: number, shape: Shape, like?: Like): Tensor {
    return this.#next("beta", shape, like);
  }
  exponential(shape: Shape, like?: Like): Tensor {
    return this.#next("exponential", shape, like);
  }
  laplace(shape: Shape, like?: Like): Tensor {
    return this.#next("laplace", shape, like);
  }
  fork(): ReplayRng {
    const twin = new ReplayRng(this.#draws);
    twin.#at = this.#at;
    return twin;
  }
  state(): string {
    return JSON.stringify({ replay: this.#at.next });
  }
}
