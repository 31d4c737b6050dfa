import { checkOptions } from "../runtime/index.js";
import { SSIM, type SSIMOptions } from "./ssim.js";

/** Options of {@link MSSSIM}. */
export type MSSSIMOptions = Omit<SSIMOptions, "multiscale">;

const KEYS = ["maxPixel", "minPixel", "sigma", "k1", "k2", "betas"];
const COMMON = ["reduction", "normInputs", "complexAbs", "trainLoss", "centerCrop"];

/**
 * Multi-scale structural similarity (Wang, Simoncelli, Bovik, 2003, doi:10.1109/ACSSC.2003.1292216): the same as `new
 * SSIM({ multiscale: true })`.
 *
 * The product over scales of the contrast-structure term to the power `betas[scale]`, at the coarsest scale of the
 * whole SSIM; each scale halves the images. Negative averages count as 0, with gradient zero. With `trainLoss`: one
 * minus it.
 *
 * Images `[B, C, H, W]`; with the five scales of the default at least 96 pixels a side.
 */
export class MSSSIM extends SSIM {
  constructor(options: MSSSIMOptions = {}) {
    checkOptions("MSSSIM", options, [...COMMON, ...KEYS]);
    super({ ...options, multiscale: true }, "MSSSIM");
  }
}
