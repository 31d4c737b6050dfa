import { ComposedLinearPhysics, LinearPhysics } from "./linear.js";
import { ComposedPhysics, type Physics } from "./physics.js";
import type { NoiseModel } from "./noise/index.js";

/**
 * Composes operators, given in order of application, with the noise and the sensor of the last; linear where all are.
 *
 * @throws ArgumentError `invalid_argument` for an empty list or one with other entries than physics.
 */
export function compose<N extends NoiseModel>(
  ...list: [...LinearPhysics[], LinearPhysics<N>]
): ComposedLinearPhysics<N>;
export function compose<N extends NoiseModel>(...list: [...Physics[], Physics<N>]): ComposedPhysics<N>;
export function compose(...list: Physics[]): Physics {
  const linear = list.filter((p): p is LinearPhysics => p instanceof LinearPhysics);
  if (linear.length === list.length)
    return new ComposedLinearPhysics({ list: linear as [...LinearPhysics[], LinearPhysics] });
  return new ComposedPhysics({ list: list as [...Physics[], Physics] });
}
