import type { Reconstructor } from "../nn/index.js";
import type { Physics } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import type { Tensor } from "../tensor/index.js";

/**
 * The reconstruction of an image that is measured again: `R(A(x), A)`, with noise and sensor where `applyNoise`.
 *
 * `x` comes from a network: where the noise exists for values of at least 0 only, the measurement is projected onto
 * them. A correct reconstruction is not changed by it.
 */
export function reconstructAgain(
  x: Tensor,
  physics: Physics,
  model: Reconstructor,
  applyNoise: boolean,
  rng: RandomSource | undefined,
): Tensor {
  const call = rng ? { rng } : {};
  return model.forward(applyNoise ? physics.forward(x, { ...call, clipPositive: true }) : physics.A(x), physics, call);
}
