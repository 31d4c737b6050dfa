import { clippedNoise, unclip } from "../data/index.js";
import type { Pixels } from "../io/index.js";
import type { NoiseModel } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";

/** Settings of {@link restoreUnclipped}. */
export interface RestoreUnclippedOptions {
  /** Gaussian, Poisson or Gamma noise with one level, as it was before the picture's file cut it off. */
  noiseModel: NoiseModel;
  /** Where what was cut off is drawn from. */
  rng: RandomSource;
  /** How many draws are averaged. Default: 4. */
  draws?: number;
}

/**
 * The restored image: the mean of `restore` over several draws of what the picture's file has cut off at 0 and 1 (see
 * `unclip`), or one call where nothing was. A network that was trained on such draws knows no other input. The result
 * has the shape of what `restore` gives.
 *
 * @throws ArgumentError `invalid_argument` for another noise model.
 */
export async function restoreUnclipped(
  image: Pixels,
  restore: (pixels: Pixels) => Promise<Pixels>,
  options: RestoreUnclippedOptions,
): Promise<Pixels> {
  const { noiseModel, rng, draws = 4 } = options;
  const noise = clippedNoise(noiseModel);
  const { low, high } = noise;
  const count = image.data.some((value) => value === low || value === high) ? draws : 1;
  const draw = async () => await restore({ data: unclip(image.data, image.shape, noise, rng), shape: image.shape });
  const mean = await draw();
  for (let k = 1; k < count; k++) {
    const { data } = await draw();
    for (let i = 0; i < data.length; i++)
      mean.data[i] = (mean.data[i] as number) + ((data[i] as number) - (mean.data[i] as number)) / (k + 1);
  }
  return mean;
}
