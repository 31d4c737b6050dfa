import { freeOnError } from "../tensor/index.js";
import type { NoiseModel, OperatorKind, Physics } from "../physics/index.js";
import { type RandomSource, resolveRng } from "../random/index.js";
import { ArgumentError, ShapeError } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import type { ArgsOf } from "./args.js";
import { NamedLoss } from "./named-loss.js";
import { flag, type OptionReaders, readOptions } from "./options.js";
import {
  firstImages,
  SPECTRAL_NORM_OPTIONS,
  spectralNorm,
  type SpectralNormOptions,
  type SpectralNormSettings,
} from "./spectral-norm.js";

/** Options of {@link FNEJacobianSpectralNorm}. */
export interface FNEJacobianSpectralNormOptions extends SpectralNormOptions {
  /**
   * Evaluates the norm at `eta y + (1 - eta) x` instead of y, with eta uniform on [0, 1) for each image. Needs `x`.
   * Default: false.
   */
  interpolation?: boolean;
}

const OPTIONS = {
  ...SPECTRAL_NORM_OPTIONS,
  interpolation: flag(false),
} satisfies OptionReaders<FNEJacobianSpectralNormOptions>;

/**
 * Spectral norm of the Jacobian of `2 f - Id` at the measurements, `|d(2f - Id)/du (y)|_2` with `f(u) = R(u, A)`.
 *
 * Where it is at most 1 everywhere, the network is firmly non-expansive: plug-and-play iterations with it converge.
 * See {@link JacobianSpectralNorm}. The reconstruction must have the shape of the measurement.
 * (Pesquet, Repetti, Terris, Wiaux, "Learning maximally monotone operators for image recovery", 2021,
 * arXiv:2012.13247.)
 *
 * @returns a scalar, or shape `[B]` with the reduction `"none"`.
 */
export class FNEJacobianSpectralNorm extends NamedLoss<"FNEJacobianSpectralNorm"> {
  readonly settings: SpectralNormSettings;
  readonly interpolation: boolean;
  readonly #rng: RandomSource | undefined;

  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: FNEJacobianSpectralNormOptions = {}) {
    super("FNEJacobianSpectralNorm");
    const { interpolation, rng, ...settings } = readOptions(this.name, options, OPTIONS);
    this.settings = settings;
    this.interpolation = interpolation;
    this.#rng = rng;
  }

  forward(args: ArgsOf<"FNEJacobianSpectralNorm">): Tensor {
    return freeOnError(() => {
      this.check(args);
      const { model } = args;
      // The loss allows every physics, also a stack, which only the model has to understand.
      const physics = args.physics as Physics<NoiseModel, OperatorKind> | undefined;
      const rng = resolveRng(args.rng, this.#rng);
      const reflected = (u: Tensor): Tensor => {
        const output = model.forward(u, physics, { rng });
        if (output.shape.join() === u.shape.join()) return output.mul(2).sub(u);
        throw new ShapeError(
          `${this.name}: the model maps shape [${u.shape.join(", ")}] to [${output.shape.join(", ")}]; ` +
            `2 f - Id needs ` +
            "them equal.",
          "shape_mismatch",
        );
      };
      return spectralNorm(this.name, reflected, this.#point(args, rng), this.settings, rng);
    });
  }

  #point(args: ArgsOf<"FNEJacobianSpectralNorm">, rng: RandomSource): Tensor {
    const { reducedBatchsize } = this.settings;
    const y = firstImages(args.y, reducedBatchsize);
    if (!this.interpolation) return y;
    if (!args.x)
      throw new ArgumentError(
        `${this.name}: x is missing; with interpolation it is the other end of the segment, such as the ground truth.`,
        "missing_argument",
      );
    this.sameShape(args.x, "x", args.y, "y");
    const x = firstImages(args.x, reducedBatchsize).detach();
    const eta = rng.uniform([y.shape[0] ?? 1, ...y.shape.slice(1).map(() => 1)], y);
    return y.detach().sub(x).mul(eta).add(x);
  }
}
