import { PhysicsGenerator, type Physics } from "../../physics/index.js";
import type { RandomSource } from "../../random/index.js";
import { ArgumentError } from "../../runtime/index.js";
import { Tensor } from "../../tensor/index.js";

/** The option by which the adversarial losses without ground truth measure with an operator of their own. */
export interface RemeasureOptions {
  /**
   * Draws the operator that measures the reconstruction again, anew in each call, such as a mask generator. Default
   * null: the operator of the measurement. Where measurements are made with varying operators this is what the papers
   * do: with the operator of y itself a network that returns its input passes for perfect.
   */
  physicsGenerator?: PhysicsGenerator | null;
}

/** What the losses know of the reconstruction. */
interface Reconstruction {
  readonly xNet: Tensor;
  readonly physics: Physics;
  readonly yHat?: Tensor;
  readonly rng?: RandomSource;
}

/** The option, checked. */
export function physicsGeneratorOption(
  caller: string,
  generator: PhysicsGenerator | null | undefined,
): PhysicsGenerator | null {
  if (generator === undefined || generator === null) return null;
  if (generator instanceof PhysicsGenerator) return generator;
  throw new ArgumentError(
    `${caller}: physicsGenerator must be a generator such as new physics.BernoulliSplittingMaskGenerator({ imgSize, splitRatio: 0.5 }).`,
    "invalid_argument",
  );
}

/**
 * What `use` makes of the reconstruction measured again and of what measured it. The physics of the call stays as it
 * is; parameters drawn for another one are freed afterwards, which graphs do not mind.
 */
export function remeasured<T>(
  { xNet, physics, yHat, rng }: Reconstruction,
  generator: PhysicsGenerator | null,
  use: (yHat: Tensor, physics: Physics) => T,
): T {
  if (yHat) return use(yHat, physics);
  if (!generator) return use(physics.A(xNet), physics);
  const other = physics.clone();
  other.update(generator.step(xNet.shape[0] ?? 1, rng ? { rng } : {}));
  try {
    return use(other.A(xNet), other);
  } finally {
    for (const [made, from] of [
      [other, physics],
      [other.noiseModel, physics.noiseModel],
    ] as const) {
      const before = new Set<unknown>(Object.values(from));
      for (const value of Object.values(made) as unknown[])
        if (value instanceof Tensor && !before.has(value)) value.dispose();
    }
  }
}
