import { parseSafetensors, readBytes } from "../io/index.js";
import { Module, type Reconstructor } from "../nn/index.js";
import type { NoiseModel, Physics } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { ArgumentError, checkFlag, checkOptions } from "../runtime/index.js";
import { freeKeptOnError, noGrad, type Tensor } from "../tensor/index.js";
import { DenoisingNetwork } from "./denoising-network.js";
import { dependsOnImage, noiseLevels, smoothed } from "./noise-levels.js";

/** Pixels around a tile: those farther away hardly change a result. A multiple of 8, as the network halves thrice. */
export const margin = 48;

/** Side of a tile without its margins, in pixels. */
export const tile = 512;

/**
 * The weights at the start, beside this file in ts/ and in dist/. docs/denoising-network.md says what they have seen
 * and how they were made.
 */
const weights = new URL("./denoiser.safetensors", import.meta.url);

/**
 * A {@link DenoisingNetwork} as a reconstruction: it takes the noise level of each pixel from the physics' noise.
 *
 * Where the level depends on the clean image, that is guessed by local means, and in evaluation once more by the first
 * result. Images of any number of channels but three are denoised channel by channel.
 */
export class LevelNetwork extends Module implements Reconstructor {
  readonly network: DenoisingNetwork;
  /**
   * Share of the variance of the noise that is that of the physics: below 1 in training by a loss that adds noise to
   * the input.
   */
  varianceShare = 1;

  constructor(network = freeKeptOnError(() => new DenoisingNetwork())) {
    super();
    this.network = network;
  }

  /** @throws ArgumentError `missing_physics`, or `invalid_argument` for noise of another kind. */
  forward(y: Tensor, physics?: Physics): Tensor {
    if (physics === undefined)
      throw new ArgumentError("LevelNetwork: expected a physics, whose noise says the level.", "missing_physics");
    const noise = physics.noiseModel;
    if (y.shape[1] === 3 || y.shape[1] === 1) return this.#run(y, noise);
    const [batch, channels, height, width] = y.shape as [number, number, number, number];
    return this.#run(y.reshape([batch * channels, 1, height, width]), noise).reshape([...y.shape]);
  }

  #run(y: Tensor, noise: NoiseModel): Tensor {
    const by = (guess: Tensor): Tensor => {
      const levels = noGrad(() => noiseLevels(noise, guess.detach()));
      return this.network.forward(y, this.training ? levels.div(Math.sqrt(this.varianceShare)) : levels);
    };
    const first = by(smoothed(y));
    return this.training || !dependsOnImage(noise) ? first : by(first);
  }
}

/** Options of {@link startNetwork}. */
export interface StartNetworkOptions {
  /** Whether it has the weights of the package; otherwise random ones, to compare with. Default: true. */
  readonly pretrained?: boolean;
  /** Stream of random weights. Default: the stream of the library, seeded by the operating system. */
  readonly rng?: RandomSource;
}

/**
 * The network that denoising starts from, with the weights of the package (docs/denoising-network.md), as a
 * reconstruction that can be trained further: `[B, C, H, W]` and a physics, whose noise says the level, to the same
 * shape.
 *
 * @throws ArgumentError `unknown_option`, `invalid_argument`; `file_unreadable` where the file of the weights is not
 * there.
 */
export async function startNetwork(options: StartNetworkOptions = {}): Promise<LevelNetwork> {
  checkOptions("startNetwork", options, ["pretrained", "rng"]);
  const { rng } = options;
  const pretrained = checkFlag("startNetwork", "pretrained", options.pretrained, true);
  const model = new LevelNetwork(freeKeptOnError(() => new DenoisingNetwork(rng === undefined ? {} : { rng })));
  try {
    if (pretrained) await resetToStart(model);
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** Gives a network the weights at the start. */
export async function resetToStart(model: LevelNetwork): Promise<void> {
  const tensors = parseSafetensors(await readBytes(weights));
  try {
    model.network.loadStateDict(tensors);
  } finally {
    for (const value of Object.values(tensors)) value.dispose();
  }
}
