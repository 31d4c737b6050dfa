import type { NoiseModel, OperatorKind, Physics } from "../physics/index.js";
import { type RandomSource, resolveRng } from "../random/index.js";
import { checkOptions } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { lossAssumptions } from "./assumptions.js";
import { Loss } from "./loss.js";
import type { ArgsOf } from "./pairing.js";
import {
  firstImages,
  SPECTRAL_NORM_KEYS,
  spectralNorm,
  type SpectralNormOptions,
  type SpectralNormSettings,
  spectralNormSettings,
} from "./spectral-norm.js";

/** Options of {@link JacobianSpectralNorm}. */
export type JacobianSpectralNormOptions = SpectralNormOptions;

/**
 * Spectral norm of the Jacobian of the network at the measurements, `|df/du (y)|_2` with `f(u) = R(u, A)`: a local
 * Lipschitz constant to keep small.
 *
 * By the power method; see {@link jacobianSpectralNorm}, which takes any function. One evaluation of the network serves
 * all iterations. Differentiable, by second derivatives. The network must treat each image by itself (no batch norm in
 * training mode). (Pesquet, Repetti, Terris, Wiaux, 2021, arXiv:2012.13247.)
 *
 * Returns a scalar, or `[B]` with the reduction `"none"`. Differs from deepinv: `tol` works, an image at a time.
 */
export class JacobianSpectralNorm extends Loss {
  readonly name: string = "JacobianSpectralNorm";
  readonly assumptions = lossAssumptions.JacobianSpectralNorm;
  readonly settings: SpectralNormSettings;
  readonly #rng: RandomSource | undefined;

  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: JacobianSpectralNormOptions = {}) {
    super();
    checkOptions("JacobianSpectralNorm", options, SPECTRAL_NORM_KEYS);
    this.settings = spectralNormSettings("JacobianSpectralNorm", options);
    this.#rng = options.rng;
  }

  forward(args: ArgsOf<"JacobianSpectralNorm">): Tensor {
    this.check(args);
    const { y, model } = args;
    // Which physics it is, is the model's business.
    const physics = args.physics as Physics<NoiseModel, OperatorKind> | undefined;
    const rng = resolveRng(args.rng, this.#rng);
    return spectralNorm(
      this.name,
      (u) => model.forward(u, physics, { rng }),
      firstImages(y, this.settings.reducedBatchsize),
      this.settings,
      rng,
    );
  }
}
