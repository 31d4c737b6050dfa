import { checkOptionsObject } from "../runtime/index.js";
import { type DecomposableOptions, DecomposablePhysics } from "./decomposable.js";
import type { LinearOptions } from "./linear.js";
import { GaussianNoise, type NoiseModel } from "./noise/index.js";

/**
 * Denoising: the operator is the identity, `y = noise(x)`.
 *
 * The default noise model is Gaussian with sigma 0.1.
 */
export class Denoising<N extends NoiseModel = GaussianNoise> extends DecomposablePhysics<N, "denoising"> {
  protected static override readonly optionKeys: readonly string[] = [];
  override readonly operator = "denoising" as const;
  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: LinearOptions<N> & Pick<DecomposableOptions<N>, "imgSize"> = {}) {
    checkOptionsObject(new.target.name, options);
    const noiseModel = (options as LinearOptions<NoiseModel>).noiseModel ?? new GaussianNoise({ sigma: 0.1 });
    super({ ...options, noiseModel: noiseModel as N });
  }

  override parameterNames(): readonly string[] {
    return [];
  }
}
