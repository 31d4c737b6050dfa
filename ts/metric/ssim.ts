import { avgPool2d } from "../functional/index.js";
import { ArgumentError, checkFlag, checkNumber } from "../runtime/index.js";
import { type Tensor, where } from "../tensor/index.js";
import { Metric } from "./metric.js";
import { PixelRange, type PixelRangeOptions } from "./pixel-range.js";
import { safePow } from "./quotient.js";
import { structuralSimilarity } from "./structural-similarity.js";

/** Options of {@link SSIM}. */
export interface SSIMOptions extends PixelRangeOptions {
  /** Multi-scale SSIM (Wang, Simoncelli, Bovik, 2003). Default: false. */
  multiscale?: boolean;
  /**
   * Standard deviation of the Gaussian window in pixels; the window has `2 floor(3.5 sigma + 0.5) + 1` pixels a side.
   * Default: 1.5.
   */
  sigma?: number;
  /** Stabiliser of the luminance term. Default: 0.01. */
  k1?: number;
  /** Stabiliser of the contrast term. Default: 0.03. */
  k2?: number;
  /** Exponents of the scales, finest first (multi-scale only). Default: [0.0448, 0.2856, 0.3001, 0.2363, 0.1333]. */
  betas?: readonly number[];
}

const DEFAULT_BETAS = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333] as const;

/**
 * Structural similarity (Wang, Bovik, Sheikh, Simoncelli, 2004, doi:10.1109/TIP.2003.819861), averaged over channels
 * and pixels of each image.
 *
 * `(2 m1 m2 + c1)(2 s12 + c2) / ((m1^2 + m2^2 + c1)(s1^2 + s2^2 + c2))` with Gaussian-weighted local means and
 * (co)variances, `c = (k range)^2`; the border is mirrored, so that every pixel counts. With `trainLoss`: one minus it.
 * With a range taken from the reference, one whose range is empty (a flat image) is left out (NaN).
 *
 * Images `[B, C, H, W]`, at least half a window (6 pixels with the default sigma) a side.
 */
export class SSIM extends Metric {
  override readonly lowerBetter: boolean = false;
  readonly multiscale: boolean;
  readonly sigma: number;
  readonly betas: readonly number[];
  readonly #k1: number;
  readonly #k2: number;
  readonly #range: PixelRange;

  constructor(options: SSIMOptions = {}, name = "SSIM") {
    super(name, options, ["multiscale", "maxPixel", "minPixel", "sigma", "k1", "k2", "betas"]);
    this.#range = new PixelRange(name, options);
    this.multiscale = checkFlag(name, "multiscale", options.multiscale, false);
    this.sigma = options.sigma ?? 1.5;
    this.#k1 = options.k1 ?? 0.01;
    this.#k2 = options.k2 ?? 0.03;
    this.betas = options.betas ?? DEFAULT_BETAS;
    checkNumber(name, "sigma", this.sigma, { positive: true });
    checkNumber(name, "k1", this.#k1, { positive: true });
    checkNumber(name, "k2", this.#k2, { positive: true });
    if (!Array.isArray(this.betas) || this.betas.length === 0) {
      throw new ArgumentError(`${name}: betas must be a list of at least one number.`, "invalid_argument");
    }
    for (const beta of this.betas) checkNumber(name, "betas", beta, { min: 0 });
  }

  protected metric(xNet: Tensor, x: Tensor): Tensor {
    const range = this.#range.of(x);
    const [c1, c2] = [stabiliser(this.#k1, range), stabiliser(this.#k2, range)];
    const hint = this.multiscale ? ` at each of the ${this.betas.length} scales` : "";
    const similarity = (a: Tensor, b: Tensor) =>
      structuralSimilarity(a, b, { name: this.name, sigma: this.sigma, c1, c2, hint });
    if (!this.multiscale) return similarity(xNet, x).full();
    let product: Tensor | undefined;
    let [a, b] = [xNet, x];
    this.betas.forEach((beta, scale) => {
      const last = scale === this.betas.length - 1;
      const terms = similarity(a, b);
      const factor = safePow((last ? terms.full() : terms.contrast()).relu(), beta);
      product = product ? product.mul(factor) : factor;
      if (!last) [a, b] = [avgPool2d(a, 2), avgPool2d(b, 2)];
    });
    return product as Tensor;
  }

  protected override definedFor(x: Tensor): Tensor | undefined {
    return this.#range.positive(x);
  }

  protected override invert(value: Tensor): Tensor {
    return value.neg().add(1);
  }
}

function stabiliser(k: number, range: number | Tensor): number | Tensor {
  if (typeof range === "number") return (k * range) ** 2;
  // Where the range is empty, any stabiliser serves: the image is left out.
  const positive = where(range.gt(0), range, 1);
  return positive.mul(k).square().reshape([range.size, 1, 1, 1]);
}
