import { restoreByTiles, type TileOptions } from "../data/index.js";
import { nonLocal } from "../functional/index.js";
import type { Pixels } from "../io/index.js";
import { tensor, tidy } from "../tensor/index.js";
import type { WhiteNoise } from "./domain.js";

/** Work of {@link withSimilarPatches} on a pixel, in evaluations of the network. */
export const workOfPatches = 8;

/** Side of a tile, and pixels around it: a patch and the two windows in which similar ones are looked for. */
const [tile, margin] = [256, 48];

/**
 * Share of the similar patches in the result. The network knows how pictures look and the patches know what this one
 * repeats, so their errors differ: on six pictures (docs/denoising-network.md) the mean was better than the network by
 * 0.1 to 1 dB, and at most 0.1 dB, in one 0.2 dB, below the better of both.
 */
const SHARE = 0.75;

/**
 * What the network gave, and what similar patches of the noisy picture give with it as their guide (`nonLocal`): the
 * mean of both. The network does not see what repeats far away: bricks, cloth, windows.
 *
 * @param noisy the picture, with what was clipped drawn anew.
 * @param restored what the network made of it.
 */
export async function withSimilarPatches(
  noisy: Pixels,
  restored: Pixels,
  noise: WhiteNoise,
  tiles: Pick<TileOptions, "onTile" | "group">,
): Promise<Pixels> {
  const [channels, rows, columns] = noisy.shape;
  // One image for `restoreByTiles`: the noisy channels, then those of the network.
  const both = new Float32Array(2 * noisy.data.length);
  both.set(noisy.data.map(noise.enter));
  both.set(restored.data.map(noise.enter), noisy.data.length);
  const evaluate = async ({ data, shape }: Pixels): Promise<Pixels> => {
    const half = data.length / 2;
    const size = [1, channels, shape[1], shape[2]];
    const output = tidy(() => {
      const [x, guide] = [data.subarray(0, half), data.subarray(half)];
      const on = { shape: size, device: "cpu" } as const;
      return nonLocal(tensor(x, on), tensor(guide, on), { sigma: noise.sigma });
    });
    const result = Float32Array.from(data);
    result.set(await output.data());
    output.dispose();
    return { data: result, shape };
  };
  const parts = await restoreByTiles(
    { data: both, shape: [2 * channels, rows, columns] },
    { tile, margin, ...tiles },
    evaluate,
  );
  const data = restored.data.map((value, i) => value + SHARE * (noise.leave(parts.data[i] as number) - value));
  return { data, shape: restored.shape };
}
