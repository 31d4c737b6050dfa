import { drawPerImage, perImage } from "../functional/index.js";
import type { GammaNoise, GaussianNoise, NoiseModel, PoissonNoise } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { ArgumentError } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { checkCounts } from "./counts.js";

/**
 * A noisier copy y1 of y, such that y1 and `y2 = (y - (1 - alpha) y1) / alpha` are independent and both have the mean
 * of y (Monroy, Bacca, Tachella, "Generalized recorrupted-to-recorrupted: self-supervised learning beyond Gaussian
 * noise", 2025, arXiv:2412.04648):
 *
 * - Gaussian: `y1 = y + sigma sqrt(alpha / (1 - alpha)) w`, w standard normal;
 * - Poisson, y = gain z: `y1 = gain (z - w) / (1 - alpha)`, w binomial(z, alpha), with gain 1 for counts (`normalize`
 *   false);
 * - Gamma of shape l: `y1 = y (1 - w) / (1 - alpha)`, w beta(l alpha, l (1 - alpha)).
 *
 * @throws ArgumentError `incompatible_physics` for any other noise, `invalid_argument` for negative counts; ShapeError
 * `shape_mismatch` where a noise level fits neither one value nor the batch.
 */
export function recorrupt(y: Tensor, noise: NoiseModel, alpha: number, rng: RandomSource): Tensor {
  switch (noise.kind) {
    case "gaussian": {
      const sigma = perImage("R2RLoss", "sigma", (noise as GaussianNoise).sigma, y);
      return y.add(
        rng
          .normal([...y.shape], y)
          .mul(sigma)
          .mul(Math.sqrt(alpha / (1 - alpha))),
      );
    }
    case "poisson": {
      checkCounts("R2RLoss", y);
      const { gain, normalize } = noise as PoissonNoise;
      // Measurements that are counts must not be divided by the gain.
      const step = normalize ? perImage("R2RLoss", "gain", gain, y) : 1;
      const counts = y.div(step);
      const removed = rng.binomial(counts.detach().round().relu(), alpha, y);
      return counts
        .sub(removed)
        .mul(step)
        .div(1 - alpha);
    }
    case "gamma":
      return y
        .mul(
          betaDraws(y, (noise as GammaNoise).l, alpha, rng)
            .neg()
            .add(1),
        )
        .div(1 - alpha);
    default:
      throw new ArgumentError(
        `R2RLoss: ${noise.kind} noise cannot be split; pass a noiseModel of kind gaussian, poisson or gamma, or use ` +
          "another loss.",
        "incompatible_physics",
      );
  }
}

function betaDraws(y: Tensor, l: number | Tensor, alpha: number, rng: RandomSource): Tensor {
  return drawPerImage("R2RLoss", "l", l, y, (level, shape) => rng.beta(level * alpha, level * (1 - alpha), shape, y));
}
