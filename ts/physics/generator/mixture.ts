import { Rng, type RandomSource } from "../../random/index.js";
import { ArgumentError, checkFlag, checkNumber, checkOptionsObject } from "../../runtime/index.js";
import { cat, tensor, tidy, type Tensor } from "../../tensor/index.js";
import { PhysicsGenerator, type GeneratedParameters, type GeneratorOptions, type StepOptions } from "./generator.js";

/** Options of {@link GeneratorMixture}. */
export interface GeneratorMixtureOptions extends GeneratorOptions {
  /** The generators to choose from. */
  generators: readonly PhysicsGenerator[];
  /** The probability of each generator; the sum must be 1. */
  probs: readonly number[];
  /**
   * Whether to choose a generator for each image; generators with different names or shapes of parameters are chosen
   * for the whole batch. Default: true.
   */
  useBatchSampling?: boolean;
}

/** A random choice, with given probabilities, of the generator of the parameters. */
export class GeneratorMixture extends PhysicsGenerator {
  /** The generators to choose from. */
  readonly generators: readonly PhysicsGenerator[];
  /** The probability of each generator. */
  readonly probs: readonly number[];
  /** Whether a generator is chosen for each image. */
  readonly useBatchSampling: boolean;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: GeneratorMixtureOptions) {
    const name = "GeneratorMixture";
    super(name, options, ["generators", "probs", "useBatchSampling"]);
    checkOptionsObject(new.target.name, options);
    const { generators, probs } = options;
    if (
      !Array.isArray(generators) ||
      generators.length === 0 ||
      !generators.every((g) => g instanceof PhysicsGenerator)
    ) {
      throw new ArgumentError(`${name}: generators must be an array of one or more generators.`, "invalid_argument");
    }
    if (!Array.isArray(probs) || probs.length !== generators.length) {
      throw new ArgumentError(
        `${name}: probs must be an array of ${generators.length} numbers, one for each generator.`,
        "invalid_argument",
      );
    }
    for (const p of probs) checkNumber(name, "a probability", p, { min: 0, max: 1 });
    const total = probs.reduce((a: number, b: number) => a + b, 0);
    if (Math.abs(total - 1) > 1e-6)
      throw new ArgumentError(`${name}: probs have the sum ${total}, expected 1.`, "invalid_argument");
    this.generators = [...generators];
    this.probs = [...probs];
    const perImage = checkFlag(name, "useBatchSampling", options.useBatchSampling, true);
    this.useBatchSampling = perImage && sameParameters(this.generators);
  }

  protected override draw(batchSize: number, rng: RandomSource, call: Omit<StepOptions, "seed">): GeneratedParameters {
    const choose = () => rng.choice(this.generators.length, this.probs);
    if (!this.useBatchSampling) return (this.generators[choose()] as PhysicsGenerator).step(batchSize, call);
    const choices = Array.from({ length: batchSize }, choose);
    const order: number[] = [];
    const parts: GeneratedParameters[] = [];
    this.generators.forEach((generator, g) => {
      const images = choices.flatMap((choice, image) => (choice === g ? [image] : []));
      if (images.length === 0) return;
      order.push(...images);
      parts.push(generator.step(images.length, call));
    });
    const positions = tensor(Array.from({ length: batchSize }, (_, image) => order.indexOf(image)));
    const concatenated = (name: string) => {
      const all = cat(
        parts.map((part) => part[name] as Tensor),
        0,
      );
      return all.indexSelect(positions.to(all.device), 0);
    };
    return Object.fromEntries(Object.keys(parts[0] ?? {}).map((name) => [name, concatenated(name)]));
  }
}

/** Whether all generators give parameters of the same names and shapes; uses a random source of its own. */
function sameParameters(generators: readonly PhysicsGenerator[]): boolean {
  const signatures = generators.map((generator) => {
    let signature = "";
    tidy(() => {
      const parameters = generator.step(1, { rng: new Rng(0) });
      signature = Object.keys(parameters)
        .sort()
        .map((name) => `${name}[${(parameters[name] as Tensor).shape.join()}]`)
        .join();
    });
    return signature;
  });
  return signatures.every((signature) => signature === signatures[0]);
}
