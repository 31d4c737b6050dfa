import { ArgumentError, checkList, checkObject, checkOptions, checkText, ShapeError, shown } from "../runtime/index.js";
import { checkTensor, noGrad, Tensor } from "../tensor/index.js";
import { pick } from "./rng.js";
import type { Like, RandomSource } from "./source.js";

/** One recorded draw. */
export interface Draw {
  /** The method that draws it: `normal`, `uniform`, ... */
  readonly kind: string;
  /** The values, before scale and shift. */
  readonly tensor: Tensor;
}

type Shape = readonly number[];

/** Whether two shapes are the same. Entries of what a caller gives may be anything: they are not made to text. */
const isShape = (shape: Shape, expected: Shape) =>
  shape.length === expected.length && expected.every((size, axis) => shape[axis] === size);

/**
 * A random stream that returns recorded draws in order. A gamma draw is recorded as Gamma(shape, 1) and multiplied by
 * the scale; all others are returned unchanged. A fork continues the same sequence of draws.
 *
 * Its drawing methods throw:
 * @throws ArgumentError `replay_exhausted` where all draws are used, `replay_kind` where the recorded kind differs;
 * ShapeError `replay_shape` where the recorded shape differs.
 */
export class ReplayRng implements RandomSource {
  readonly #draws: readonly Draw[];
  /** Index of the next draw, shared by forks. */
  #position = { next: 0 };

  constructor(draws: readonly Draw[]) {
    for (const [i, draw] of checkList("ReplayRng", "draws", draws).entries()) {
      checkObject("ReplayRng", `draws[${i}]`, draw);
      checkText("ReplayRng", `draws[${i}].kind`, draw.kind);
      checkTensor("ReplayRng", `draws[${i}].tensor`, draw.tensor);
    }
    this.#draws = draws;
  }

  /** The number of draws not yet used. */
  get remaining(): number {
    return this.#draws.length - this.#position.next;
  }

  /**
   * Checks that all draws were used.
   *
   * @throws ArgumentError `replay_left` where some were not.
   */
  assertDone(): void {
    if (this.remaining > 0) {
      throw new ArgumentError(
        `ReplayRng: ${this.remaining} of ${this.#draws.length} recorded draws were not used.`,
        "replay_left",
      );
    }
  }

  #next(kind: string, shape: Shape | undefined, like: Like | undefined): Tensor {
    const index = this.#position.next;
    const draw = this.#draws[index];
    if (draw === undefined) {
      throw new ArgumentError(
        `ReplayRng: a draw of kind ${kind} was requested, but all ${index} recorded draws are used.`,
        "replay_exhausted",
      );
    }
    if (draw.kind !== kind) {
      throw new ArgumentError(
        `ReplayRng: draw ${index} was requested as ${kind}, but recorded as ${draw.kind}.`,
        "replay_kind",
      );
    }
    if (shape !== undefined) checkList("ReplayRng", "shape", shape, 32);
    if (shape !== undefined && !isShape(shape, draw.tensor.shape)) {
      throw new ShapeError(
        `ReplayRng: draw ${index} (${kind}) was requested with shape ${shown(shape)}, but recorded with shape ` +
          `[${draw.tensor.shape.join(", ")}].`,
        "replay_shape",
      );
    }
    this.#position.next = index + 1;
    if (like !== undefined && !(like instanceof Tensor)) checkOptions("ReplayRng", like, ["dtype", "device"]);
    const { dtype = draw.tensor.dtype, device = draw.tensor.device } = like ?? {};
    // float64 exists on the CPU only, so the element type changes there. A copy, because the caller may dispose of it.
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
    const value = u.itemSync();
    u.dispose();
    return pick(value, n, weights);
  }
  poisson(rate: Tensor, like?: Like): Tensor {
    checkTensor("ReplayRng", "rate", rate);
    return this.#next("poisson", rate.shape, like ?? rate);
  }
  binomial(n: Tensor, _p: number, like?: Like): Tensor {
    checkTensor("ReplayRng", "n", n);
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
    const fork = new ReplayRng(this.#draws);
    fork.#position = this.#position;
    return fork;
  }
  state(): string {
    return JSON.stringify({ replay: this.#position.next });
  }
}
