import { freeOnError } from "../tensor/index.js";
import type { NoiseModel, OperatorKind, Physics } from "../physics/index.js";
import { type RandomSource, resolveRng } from "../random/index.js";
import type { Tensor } from "../tensor/index.js";
import type { ArgsOf } from "./args.js";
import { NamedLoss } from "./named-loss.js";
import { readOptions } from "./options.js";
import {
  firstImages,
  SPECTRAL_NORM_OPTIONS,
  spectralNorm,
  type SpectralNormOptions,
  type SpectralNormSettings,
} from "./spectral-norm.js";

/** Options of {@link JacobianSpectralNorm}. */
export type JacobianSpectralNormOptions = SpectralNormOptions;

/**
 * Spectral norm of the Jacobian of the network at the measurements, `|df/du (y)|_2` with `f(u) = R(u, A)`: a local
 * Lipschitz constant to keep small.
 *
 * By the power method; see {@link jacobianSpectralNorm}, which takes any function. One evaluation of the network serves
 * all iterations. Differentiable, by second derivatives. The network must process each image independently (no batch
 * norm in training mode). (Pesquet, Repetti, Terris, Wiaux, "Learning maximally monotone operators for image recovery",
 * 2021, arXiv:2012.13247.)
 *
 * Differs from deepinv: `tol` works, separately for each image.
 *
 * @returns a scalar, or shape `[B]` with the reduction `"none"`.
 */
export class JacobianSpectralNorm extends NamedLoss<"JacobianSpectralNorm"> {
  readonly settings: SpectralNormSettings;
  readonly #rng: RandomSource | undefined;

  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: JacobianSpectralNormOptions = {}) {
    super("JacobianSpectralNorm");
    const { rng, ...settings } = readOptions(this.name, options, SPECTRAL_NORM_OPTIONS);
    this.settings = settings;
    this.#rng = rng;
  }

  forward(args: ArgsOf<"JacobianSpectralNorm">): Tensor {
    return freeOnError(() => {
      this.check(args);
      const { y, model } = args;
      // The loss allows every physics, also a stack, which only the model has to understand.
      const physics = args.physics as Physics<NoiseModel, OperatorKind> | undefined;
      const rng = resolveRng(args.rng, this.#rng);
      return spectralNorm(
        this.name,
        (u) => model.forward(u, physics, { rng }),
        firstImages(y, this.settings.reducedBatchsize),
        this.settings,
        rng,
      );
    });
  }
}
