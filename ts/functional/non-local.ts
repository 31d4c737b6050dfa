import { handleOf, operators, Tensor } from "../tensor/index.js";
import { checkArguments } from "./options.js";

/** Options of {@link nonLocal}. */
export interface NonLocalArguments {
  /** Standard deviation of the noise, in the units of the images. */
  sigma: number;
}

/**
 * Images `[B, C, H, W]` with white Gaussian noise, denoised by their similar patches, which are looked for in `guide`,
 * the result of another denoiser in the same shape (non-local Bayes: Lebrun, Buades, Morel, "A nonlocal Bayesian image
 * denoising algorithm", SIAM Journal on Imaging Sciences, 2013, doi:10.1137/120874989; the first stage shrinks singular
 * values: Gavish, Donoho, "Optimal shrinkage of singular values", 2017, doi:10.1109/TIT.2017.2653801). Three channels
 * are taken for red, green and blue. Computed in float32 on the CPU; there is no derivative.
 *
 * @throws ShapeError `shape_mismatch`; DTypeError `dtype_mismatch`; ArgumentError `invalid_argument`, `unknown_option`.
 */
export function nonLocal(x: Tensor, guide: Tensor, options: NonLocalArguments): Tensor {
  checkArguments("nonLocal", options, ["sigma"]);
  return new Tensor(operators.nonLocal(handleOf(x), handleOf(guide), options.sigma));
}
