import { avgPool2d } from "../functional/index.js";
import type { GammaNoise, GaussianNoise, NoiseModel, PoissonGaussianNoise, PoissonNoise } from "../physics/index.js";
import { ArgumentError } from "../runtime/index.js";
import { full, type Tensor } from "../tensor/index.js";

/** Side of the window over which a noisy image is averaged. */
const WINDOW = 7;

/** A first guess of the clean image: means over squares of 7 x 7 pixels, smaller ones at the border. */
export function smoothed(y: Tensor): Tensor {
  return avgPool2d(y, WINDOW, { stride: 1, padding: (WINDOW - 1) / 2, countIncludePad: false });
}

/** Whether the noise level depends on the clean image. */
export function dependsOnImage({ kind }: NoiseModel): boolean {
  return kind !== "gaussian";
}

/**
 * Standard deviation of the noise of each pixel of images `[B, C, H, W]`, by a guess of their clean values x: sigma
 * (gaussian), `sqrt(gain x)` (poisson), `sqrt(gain x + sigma^2)` (Poisson and Gaussian) or `x / sqrt(l)` (gamma).
 *
 * @throws ArgumentError `invalid_argument` for any other noise, or a level that is not one number.
 */
export function noiseLevels(noise: NoiseModel, guess: Tensor): Tensor {
  const number = (level: unknown): number => {
    if (typeof level === "number") return level;
    throw new ArgumentError("denoise: the noise level is not one number.", "invalid_argument");
  };
  switch (noise.kind) {
    case "gaussian":
      return full(guess.shape, number((noise as GaussianNoise).sigma), { dtype: guess.dtype, device: guess.device });
    case "poisson":
      return guess
        .relu()
        .mul(number((noise as PoissonNoise).gain))
        .sqrt();
    case "poissonGaussian": {
      const { gain, sigma } = noise as PoissonGaussianNoise;
      return guess
        .relu()
        .mul(number(gain))
        .add(number(sigma) ** 2)
        .sqrt();
    }
    case "gamma":
      return guess.relu().div(Math.sqrt(number((noise as GammaNoise).l)));
    default:
      throw new ArgumentError(
        `denoise: noise is ${noise.kind}, expected gaussian, poisson, poissonGaussian or gamma noise.`,
        "invalid_argument",
      );
  }
}
