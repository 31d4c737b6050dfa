import { meanPerImage } from "../../functional/index.js";
import type { Layer } from "../../nn/index.js";
import type { RandomSource } from "../../random/index.js";
import { ones, type Tensor, vjp } from "../../tensor/index.js";
import { scores } from "./options.js";

/**
 * `(|d D/dz| - 1)^2` for each image, at `z = e real + (1 - e) fake` with e uniform on [0, 1): it keeps the norm of the
 * gradient of D near 1.
 *
 * The score of an image is the mean over its patches. Batch norm mixes images: do not use it in such a discriminator.
 * (Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville, "Improved training of Wasserstein GANs", 2017, arXiv:1704.00028.)
 */
export function gradientPenalty(caller: string, D: Layer, real: Tensor, fake: Tensor, rng: RandomSource): Tensor {
  const batch = real.shape[0] ?? 1;
  const e = rng.uniform([batch, ...real.shape.slice(1).map(() => 1)], real);
  const z = real.detach().sub(fake).mul(e).add(fake).detach();
  // vjp records the graph even inside noGrad: the penalty is the same there.
  const [score, back] = vjp((at) => meanPerImage(scores(caller, D, at)), z);
  const gradient = back(ones(score.shape, score));
  return gradient.reshape([batch, -1]).norm(2, 1).sub(1).square();
}
