import { Physics, PhysicsGenerator } from "../physics/index.js";
import { indexValue, resolveRng, type RandomSource } from "../random/index.js";
import { ArgumentError } from "../runtime/index.js";

/** Options that say between which operators a loss chooses. */
export interface OperatorPoolOptions {
  /**
   * The operators, one of which is chosen at random; or one whose parameters a generator draws. Default null: that of
   * `forward`.
   */
  physics?: readonly Physics[] | Physics | null;
  /**
   * Draws parameters, such as masks, for the one operator: one set for each image of the batch. Excludes a list of
   * operators.
   */
  physicsGenerator?: PhysicsGenerator | null;
}

/** The set of operators `{A_g}` of a loss over several operators. */
export class OperatorPool {
  readonly #list: readonly Physics[] | undefined;
  readonly #physics: Physics | undefined;
  readonly #generator: PhysicsGenerator | undefined;

  /** @throws ArgumentError `missing_argument`, `invalid_argument`. */
  constructor(name: string, options: OperatorPoolOptions | undefined) {
    const { physics, physicsGenerator } = options ?? {};
    const list = Array.isArray(physics) ? (physics as readonly Physics[]) : undefined;
    const operators: readonly unknown[] = list ?? (physics === undefined || physics === null ? [] : [physics]);
    if (list?.length === 0 || operators.some((p) => !(p instanceof Physics))) {
      throw new ArgumentError(
        `${name}: physics must be a list of one or more operators, or one operator with a physicsGenerator.`,
        "invalid_argument",
      );
    }
    if (physicsGenerator && !(physicsGenerator instanceof PhysicsGenerator)) {
      throw new ArgumentError(
        `${name}: physicsGenerator must be a generator such as new RandomMaskGenerator({ imgSize }).`,
        "invalid_argument",
      );
    }
    if (list && physicsGenerator)
      throw new ArgumentError(
        `${name}: a list of physics and a physicsGenerator exclude each other; give a single physics with the generator.`,
        "invalid_argument",
      );
    if (!list && !physicsGenerator) {
      throw new ArgumentError(
        `${name}: physicsGenerator is missing; without a list of physics it draws the parameters of the operator. Or give physics: [a, b, ...].`,
        "missing_argument",
      );
    }
    this.#list = list;
    this.#physics = list ? undefined : (operators[0] as Physics | undefined);
    this.#generator = physicsGenerator ?? undefined;
  }

  /**
   * An operator for so many images; one with parameters of its own for each image where a generator draws them. The
   * given physics is left as it is.
   */
  next(given: Physics, images: number, rng: RandomSource | undefined): Physics {
    if (this.#list) return this.#list[indexValue(resolveRng(rng), this.#list.length)] as Physics;
    const physics = (this.#physics ?? given).clone();
    physics.update((this.#generator as PhysicsGenerator).step(images, rng ? { rng } : {}));
    return physics;
  }
}
