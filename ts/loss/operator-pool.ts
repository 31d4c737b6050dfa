import { Physics, type PhysicsGenerator } from "../physics/index.js";
import { indexValue, resolveRng, type RandomSource } from "../random/index.js";
import { ArgumentError } from "../runtime/index.js";
import { generatorOption } from "./generator-option.js";
import type { OptionReader, OptionReaders, OptionValues } from "./options.js";

/** The operators among which a loss chooses. */
export interface OperatorPoolOptions {
  /**
   * The operators, one of which is chosen at random; or one operator whose parameters a generator draws. Default: null,
   * that of `forward`.
   */
  physics?: readonly Physics[] | Physics | null;
  /**
   * Draws parameters, such as masks, for the one operator: one set for each image of the batch. Excludes a list of
   * operators. Default: null.
   */
  physicsGenerator?: PhysicsGenerator | null;
}

const operatorsOption: OptionReader<readonly Physics[] | Physics | null> = (value, name, key) => {
  if (value === undefined || value === null) return null;
  const operators: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (operators.length > 0 && operators.every((p) => p instanceof Physics))
    return value as Physics | readonly Physics[];
  throw new ArgumentError(
    `${name}: ${key} must be a list of one or more operators, or one operator with a physicsGenerator.`,
    "invalid_argument",
  );
};

/** Readers of {@link OperatorPoolOptions}. */
export const POOL_OPTIONS = {
  physics: operatorsOption,
  physicsGenerator: generatorOption("new RandomMaskGenerator({ imgSize })"),
} satisfies OptionReaders<OperatorPoolOptions>;

/** The set of operators `{A_g}` of a loss over several operators. */
export class OperatorPool {
  readonly #list: readonly Physics[] | undefined;
  readonly #physics: Physics | null;
  readonly #generator: PhysicsGenerator | null;

  /** @throws ArgumentError `missing_argument`, `invalid_argument`. */
  constructor(name: string, { physics, physicsGenerator }: OptionValues<typeof POOL_OPTIONS>) {
    const list = Array.isArray(physics) ? (physics as readonly Physics[]) : undefined;
    if (list && physicsGenerator)
      throw new ArgumentError(
        `${name}: a list of physics and a physicsGenerator exclude each other; give a single physics with the ` +
          "generator.",
        "invalid_argument",
      );
    if (!list && !physicsGenerator) {
      throw new ArgumentError(
        `${name}: physicsGenerator is missing; without a list of physics it draws the parameters of the operator. Or ` +
          "give physics: [a, b, ...].",
        "missing_argument",
      );
    }
    this.#list = list;
    this.#physics = list ? null : (physics as Physics | null);
    this.#generator = physicsGenerator;
  }

  /**
   * An operator for a number of images; where a generator draws parameters, with its own parameters for each image.
   * The given physics is not changed.
   */
  next(given: Physics, images: number, rng: RandomSource | undefined): Physics {
    if (this.#list) return this.#list[indexValue(resolveRng(rng), this.#list.length)] as Physics;
    const parameters = (this.#generator as PhysicsGenerator).step(images, rng ? { rng } : {});
    return (this.#physics ?? given).withParameters(parameters);
  }
}
