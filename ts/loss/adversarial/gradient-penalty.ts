import { meanPerImage } from "../../functional/index.js";
import type { Layer } from "../../nn/index.js";
import type { RandomSource } from "../../random/index.js";
import { ones, type Tensor, vjp } from "../../tensor/index.js";
import { scores } from "./options.js";

/**
 * `(|d D/dz| - 1)^2` for each image, at `z = e real + (1 - e) fake` with e uniform on [0, 1): it holds the critic's
 * slope near 1.
 *
 * The score of an image is the mean of what the critic says of its patches. A batch norm mixes images: leave it out of
 * such a critic. (Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville, 2017, arXiv:1704.00028.)
 */
export function gradientPenalty(caller: string, D: Layer, real: Tensor, fake: Tensor, rng: RandomSource): Tensor {
  const batch = real.shape[0] ?? 1;
  const e = rng.uniform([batch, ...real.shape.slice(1).map(() => 1)], real);
  const z = real.detach().sub(fake).mul(e).add(fake).detach();
  // vjp records what it runs, also within noGrad: the penalty is the same there.
  const [score, back] = vjp((at) => meanPerImage(scores(caller, D, at)), z);
  const slope = back(ones(score.shape, score));
  return slope.reshape([batch, -1]).norm(2, 1).sub(1).square();
}
