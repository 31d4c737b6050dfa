import type { Reconstructor } from "../nn/index.js";
import type { Physics } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import type { Tensor } from "../tensor/index.js";

/** The reconstruction of an image that is measured again: `R(A(x), A)`, with noise and sensor where `applyNoise`. */
export function reconstructAgain(
  x: Tensor,
  physics: Physics,
  model: Reconstructor,
  applyNoise: boolean,
  rng: RandomSource | undefined,
): Tensor {
  const call = rng ? { rng } : {};
  return model.forward(applyNoise ? physics.forward(x, call) : physics.A(x), physics, call);
}
