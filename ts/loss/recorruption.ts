import { perImage } from "../functional/index.js";
import type { GammaNoise, GaussianNoise, NoiseModel, PoissonNoise } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { ArgumentError, ShapeError } from "../runtime/index.js";
import { Tensor, cat } from "../tensor/index.js";
import { checkCounts } from "./shared.js";

/** The noise models that can be split into two independent parts. */
export type SplittableNoise = GaussianNoise | PoissonNoise | GammaNoise;

/**
 * Splits off a noisier copy y1 of y, such that y1 and `y2 = (y - (1 - alpha) y1) / alpha` are independent and both have
 * the mean of y (Monroy, Bacca, Tachella, "Generalized Recorrupted-to-Recorrupted", 2025):
 *
 * - Gaussian: `y1 = y + sigma sqrt(alpha / (1 - alpha)) w`, w standard normal;
 * - Poisson, y = gain z: `y1 = gain (z - w) / (1 - alpha)`, w binomial(z, alpha); counts (normalize false) have gain 1;
 * - Gamma of shape l: `y1 = y (1 - w) / (1 - alpha)`, w beta(l alpha, l (1 - alpha)).
 *
 * @throws ArgumentError `incompatible_physics` for any other noise, `invalid_argument` for negative counts; ShapeError
 * where a level fits neither one value nor the batch.
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
      // Measurements that are counts already must not be divided by the gain again.
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
        `R2RLoss: ${noise.kind} noise cannot be split; pass a noiseModel of kind gaussian, poisson or gamma, or use another loss.`,
        "incompatible_physics",
      );
  }
}

function betaDraws(y: Tensor, l: number | Tensor, alpha: number, rng: RandomSource): Tensor {
  const draw = (shape: number[], level: number) => rng.beta(level * alpha, level * (1 - alpha), shape, y);
  if (typeof l === "number") return draw([...y.shape], l);
  const levels = Array.from(l.dataSync());
  if (levels.length === 1) return draw([...y.shape], levels[0] as number);
  if (levels.length !== y.shape[0]) {
    throw new ShapeError(
      `R2RLoss: l has ${levels.length} values, which is neither one nor one for each of the ${y.shape[0] ?? 0} images of y.`,
      "shape_mismatch",
    );
  }
  return cat(
    levels.map((level) => draw([1, ...y.shape.slice(1)], level)),
    0,
  );
}
