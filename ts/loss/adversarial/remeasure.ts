import type { Physics, PhysicsGenerator } from "../../physics/index.js";
import type { RandomSource } from "../../random/index.js";
import { type Tensor, tidy } from "../../tensor/index.js";
import { generatorOption } from "../generator-option.js";
import type { OptionReaders } from "../options.js";

/** The option for measuring the reconstruction with a redrawn operator. */
export interface RemeasureOptions {
  /**
   * Draws the operator that measures the reconstruction again, in each call, such as a mask generator. Where
   * measurements are made with varying operators this is what the papers do: with the operator of y itself, a network
   * that returns its input cannot be told from a perfect one. Default: null, the operator of the measurement.
   */
  physicsGenerator?: PhysicsGenerator | null;
}

/** Readers of {@link RemeasureOptions}. */
export const REMEASURE_OPTIONS = {
  physicsGenerator: generatorOption("new physics.BernoulliSplittingMaskGenerator({ imgSize, splitRatio: 0.5 })"),
} satisfies OptionReaders<RemeasureOptions>;

/** The arguments of a call that are needed to measure again. */
interface Reconstruction {
  readonly xNet: Tensor;
  readonly physics: Physics;
  readonly yHat?: Tensor;
  readonly rng?: RandomSource;
}

/**
 * Calls `use` with the reconstruction measured again and the physics that measured it. The physics of the call is not
 * changed; redrawn parameters are freed afterwards, which recorded graphs survive.
 */
export function remeasured<T>(
  { xNet, physics, yHat, rng }: Reconstruction,
  generator: PhysicsGenerator | null,
  use: (yHat: Tensor, physics: Physics) => T,
): T {
  if (yHat) return use(yHat, physics);
  if (!generator) return use(physics.A(xNet), physics);
  return tidy(() => {
    const other = physics.withParameters(generator.step(xNet.shape[0] ?? 1, rng ? { rng } : {}));
    return use(other.A(xNet), other);
  });
}
