import { checkPixels, clippedNoise, unclip } from "../data/index.js";
import type { Pixels } from "../io/index.js";
import type { NoiseModel } from "../physics/index.js";
import { checkFunction, checkNumber, checkOptions } from "../runtime/index.js";
import type { RandomSource } from "../random/index.js";

/** Options of {@link restoreUnclipped}. */
export interface RestoreUnclippedOptions {
  /** The noise before clipping: Gaussian, Poisson or Gamma noise with one level. */
  noiseModel: NoiseModel;
  /** Random stream of the draws. */
  rng: RandomSource;
  /** Number of draws that are averaged. Default: 4. */
  draws?: number;
}

/**
 * Restores an image whose file clipped the noise at 0 and 1: the mean of `restore` over several draws of the clipped
 * values (see `unclip`), or a single call if nothing was clipped. For networks trained on such draws, which know no
 * clipped input. The result has the shape of `restore`'s, which is called with the number of the draw, from 0, and that
 * of all draws.
 *
 * @throws ArgumentError `invalid_argument` where the noise is not Gaussian, Poisson or Gamma noise.
 */
export async function restoreUnclipped(
  image: Pixels,
  restore: (pixels: Pixels, draw: number, draws: number) => Promise<Pixels>,
  options: RestoreUnclippedOptions,
): Promise<Pixels> {
  const caller = "restoreUnclipped";
  checkPixels(caller, image);
  checkFunction(caller, "restore", restore);
  checkOptions(caller, options, ["noiseModel", "rng", "draws"]);
  const { noiseModel, rng, draws = 4 } = options;
  checkNumber(caller, "draws", draws, { integer: true, positive: true });
  const noise = clippedNoise(noiseModel);
  const { low, high } = noise;
  const count = image.data.some((value) => value === low || value === high) ? draws : 1;
  const draw = async (k: number): Promise<Pixels> =>
    await restore({ data: unclip(image.data, image.shape, noise, rng), shape: image.shape }, k, count);
  const mean = await draw(0);
  checkPixels(`${caller}: what restore gives`, mean);
  for (let k = 1; k < count; k++) {
    const again = await draw(k);
    checkPixels(`${caller}: what restore gives`, again);
    const { data } = again;
    for (let i = 0; i < data.length; i++) {
      const before = mean.data[i] as number;
      mean.data[i] = before + ((data[i] as number) - before) / (k + 1);
    }
  }
  return mean;
}
