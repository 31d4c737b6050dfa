import { checkImgSize } from "../argument-checks.js";
import { checkTensor, freeOnError } from "../../tensor/index.js";
import { Rng, type RandomSource } from "../../random/index.js";
import { resolveRng } from "../../random/index.js";
import {
  ArgumentError,
  checkNumber,
  checkOptions,
  LARGEST,
  checkList,
  checkOptionsObject,
  checkText,
} from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";

/** Options that every generator takes. */
export interface GeneratorOptions {
  /** Random source, unless a call has its own. */
  rng?: RandomSource;
}

/** Options of one step. */
export interface StepOptions {
  /** Seed of a random source for this call, which gives the same parameters each time. Excludes `rng`. */
  seed?: number;
  /** Random source of this call, in place of the one given to the constructor. */
  rng?: RandomSource;
  /**
   * For splitting generators: the mask to split, with or without a batch; entries other than 0 are measured.
   */
  inputMask?: Tensor;
  /** For mask generators: height and width of the masks of this call, in place of those of the constructor. */
  imgSize?: readonly number[];
}

/** Parameters for `physics.update`, each with a leading batch dimension. */
export type GeneratedParameters = Record<string, Tensor>;

const STEP_OPTIONS = ["seed", "rng", "inputMask", "imgSize"] as const;

/** Options of a step other than the seed. */
function checkCall(caller: string, options: Omit<StepOptions, "seed">): void {
  checkOptions(caller, options, STEP_OPTIONS);
  const { inputMask, imgSize } = options;
  if (inputMask !== undefined) checkTensor(caller, "inputMask", inputMask);
  if (imgSize !== undefined) checkImgSize(caller, imgSize);
}

/** The names of the options that a subclass adds. */
export function checkNames(className: string, keys: readonly string[]): readonly string[] {
  checkText("PhysicsGenerator", "className", className);
  for (const key of checkList(className, "keys", keys, MAX_KEYS)) checkText(className, "keys", key);
  return keys;
}

/** More names are no list of options. */
const MAX_KEYS = 100;

/**
 * A source of random parameters of operators and noise models: masks, filters, noise levels.
 *
 * `physics.update(generator.step(batchSize))` sets them. A subclass defines `draw`.
 */
export abstract class PhysicsGenerator {
  /** Random source, unless a call has its own. */
  readonly rng: RandomSource | undefined;

  /**
   * `className` is the name of the subclass for messages; `keys` are the names of its options.
   *
   * @throws ArgumentError `unknown_option`.
   */
  protected constructor(className: string, options: GeneratorOptions, keys: readonly string[]) {
    checkOptions(className, options, [...checkNames(className, keys), "rng"]);
    this.rng = options.rng;
  }

  /**
   * Random parameters for `batchSize` images, tensors `[batch, ...]` by name. The second argument is a seed or
   * {@link StepOptions}.
   *
   * @throws ArgumentError `invalid_argument`, `unknown_option`.
   */
  step(batchSize = 1, options: number | StepOptions = {}): GeneratedParameters {
    return freeOnError(() => {
      const caller = `${this.className}.step`;
      if (typeof options !== "number") checkOptionsObject(caller, options);
      checkNumber(caller, "batchSize", batchSize, { integer: true, min: 1, max: LARGEST.batch });
      const { seed, ...rest } = typeof options === "number" ? { seed: options } : options;
      checkCall(caller, rest);
      if (seed !== undefined && rest.rng)
        throw new ArgumentError(`${caller}: seed and rng exclude each other; pass one of them.`, "invalid_argument");
      if (seed === undefined) return this.draw(batchSize, resolveRng(rest.rng, this.rng), rest);
      const rng = new Rng(seed);
      return this.draw(batchSize, rng, { ...rest, rng });
    });
  }

  /**
   * Draws the parameters.
   *
   * `call` holds the options of the call. Its `rng` is undefined where the call has neither seed nor rng, so that the
   * parts of a combined generator can use their own.
   */
  protected abstract draw(batchSize: number, rng: RandomSource, call: Omit<StepOptions, "seed">): GeneratedParameters;

  /** The class name, for messages. */
  protected get className(): string {
    return this.constructor.name;
  }

  /** A generator of the parameters of both; parameters of the same name are added. */
  add(other: PhysicsGenerator): PhysicsGenerator {
    return new SumGenerator(this, other);
  }

  /**
   * The mean of each parameter over `n` draws, `[1, ...]`; for masks, an estimate of the probability of each entry.
   *
   * @throws ArgumentError `invalid_argument`.
   */
  average(n = 2000, options: StepOptions & { batchSize?: number } = {}): GeneratedParameters {
    return freeOnError(() => {
      const caller = `${this.className}.average`;
      checkNumber(caller, "n", n, { integer: true, min: 1, max: LARGEST.draws });
      checkOptionsObject(caller, options);
      const { batchSize = 1, seed, ...rest } = options;
      checkNumber(caller, "batchSize", batchSize, { integer: true, min: 1, max: LARGEST.batch });
      const call = seed === undefined ? rest : { ...rest, rng: new Rng(seed) };
      const sums: GeneratedParameters = {};
      for (let done = 0; done < n; done += batchSize) {
        for (const [name, value] of Object.entries(this.step(Math.min(batchSize, n - done), call))) {
          const sum = value.sum(0, true);
          const before = sums[name];
          sums[name] = before ? before.add(sum) : sum;
        }
      }
      return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum.div(n)]));
    });
  }
}

/** Two generators as one. With a seed, both draw from the same stream, so that their draws are independent. */
class SumGenerator extends PhysicsGenerator {
  readonly #parts: readonly [PhysicsGenerator, PhysicsGenerator];

  constructor(...parts: [PhysicsGenerator, PhysicsGenerator]) {
    super("PhysicsGenerator.add", {}, []);
    if (!(parts[1] instanceof PhysicsGenerator)) {
      throw new ArgumentError(
        "PhysicsGenerator.add: expected another generator, such as new SigmaGenerator().",
        "invalid_argument",
      );
    }
    this.#parts = parts;
  }

  protected override draw(batchSize: number, _rng: RandomSource, call: Omit<StepOptions, "seed">): GeneratedParameters {
    const [a, b] = this.#parts.map((part) => part.step(batchSize, call)) as [GeneratedParameters, GeneratedParameters];
    const sum = { ...a };
    for (const [name, value] of Object.entries(b)) {
      const other = a[name];
      sum[name] = other ? other.add(value) : value;
    }
    return sum;
  }
}
