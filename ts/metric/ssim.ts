import { avgPool2d, conv2d, meanPerImage } from "../functional/index.js";
import { ArgumentError, ShapeError, checkFlag, checkNumber } from "../runtime/index.js";
import { Tensor, cat, tensor } from "../tensor/index.js";
import { Metric } from "./metric.js";
import { PixelRange, type PixelRangeOptions } from "./pixel-range.js";

/** Options of {@link SSIM}. */
export interface SSIMOptions extends PixelRangeOptions {
  /** Multi-scale SSIM (Wang, Simoncelli, Bovik, 2003). Default false. */
  multiscale?: boolean;
  /**
   * Standard deviation of the Gaussian window in pixels; the window has `2 floor(3.5 sigma + 0.5) + 1` pixels a side.
   * Default 1.5.
   */
  sigma?: number;
  /** Stabiliser of the luminance term. Default 0.01. */
  k1?: number;
  /** Stabiliser of the contrast term. Default 0.03. */
  k2?: number;
  /** Exponents of the scales, finest first (multi-scale only). Default 0.0448, 0.2856, 0.3001, 0.2363, 0.1333. */
  betas?: readonly number[];
}

const DEFAULT_BETAS = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333] as const;

/**
 * Structural similarity (Wang, Bovik, Sheikh, Simoncelli, 2004), averaged over channels and pixels of each image.
 *
 * `(2 m1 m2 + c1)(2 s12 + c2) / ((m1^2 + m2^2 + c1)(s1^2 + s2^2 + c2))` with Gaussian-weighted local means and
 * (co)variances, `c = (k range)^2`; the border is mirrored, every pixel counts. With `trainLoss`: one minus it.
 *
 * Images `[B, C, H, W]`, at least half a window (6 pixels with the default sigma) a side.
 */
export class SSIM extends Metric {
  override readonly lowerBetter: boolean = false;
  readonly multiscale: boolean;
  readonly sigma: number;
  readonly betas: readonly number[];
  private readonly k1: number;
  private readonly k2: number;
  private readonly range: PixelRange;

  constructor(options: SSIMOptions = {}) {
    super("SSIM", options, ["multiscale", "maxPixel", "minPixel", "sigma", "k1", "k2", "betas"]);
    this.range = new PixelRange("SSIM", options);
    this.multiscale = checkFlag("SSIM", "multiscale", options.multiscale, false);
    this.sigma = options.sigma ?? 1.5;
    this.k1 = options.k1 ?? 0.01;
    this.k2 = options.k2 ?? 0.03;
    this.betas = options.betas ?? DEFAULT_BETAS;
    checkNumber("SSIM", "sigma", this.sigma, { positive: true });
    checkNumber("SSIM", "k1", this.k1, { positive: true });
    checkNumber("SSIM", "k2", this.k2, { positive: true });
    if (!Array.isArray(this.betas) || this.betas.length === 0) {
      throw new ArgumentError("SSIM: betas must be a list of at least one number.", "invalid_argument");
    }
    for (const beta of this.betas) checkNumber("SSIM", "betas", beta, { min: 0 });
  }

  protected metric(xNet: Tensor, x: Tensor): Tensor {
    const range = this.range.of(x);
    if (!this.multiscale) return this.similarity(xNet, x, range).full;
    let product: Tensor | undefined;
    let [a, b] = [xNet, x];
    this.betas.forEach((beta, scale) => {
      const last = scale === this.betas.length - 1;
      const { full, contrast } = this.similarity(a, b, range);
      const factor = (last ? full : contrast).relu().pow(beta);
      product = product ? product.mul(factor) : factor;
      if (!last) [a, b] = [halve(a), halve(b)];
    });
    return product as Tensor;
  }

  protected override invert(value: Tensor): Tensor {
    return value.neg().add(1);
  }

  /** SSIM and its contrast-structure term at one scale, each `[B]`. */
  private similarity(xNet: Tensor, x: Tensor, range: number | Tensor): { full: Tensor; contrast: Tensor } {
    const half = Math.floor(3.5 * this.sigma + 0.5);
    const [batch, channels, height, width] = fourDims(x);
    if (Math.min(height, width) <= half) {
      throw new ShapeError(
        `SSIM: the window of sigma ${this.sigma} needs images of more than ${half} pixels a side${this.multiscale ? ` at each of the ${this.betas.length} scales` : ""}, got ${height} x ${width}; choose a smaller sigma${this.multiscale ? " or fewer betas" : ""}.`,
        "shape_mismatch",
      );
    }
    const images = cat([xNet, x, xNet.square(), x.square(), xNet.mul(x)], 0);
    const local = blur(images, this.sigma, half);
    const part = (i: number) => local.slice([i * batch, 0, 0, 0], [(i + 1) * batch, channels, height, width]);
    const [m1, m2] = [part(0), part(1)];
    const [m11, m22, m12] = [m1.square(), m2.square(), m1.mul(m2)];
    const variance1 = part(2).sub(m11).relu();
    const variance2 = part(3).sub(m22).relu();
    const covariance = part(4).sub(m12);
    const [c1, c2] = [this.stabiliser(this.k1, range), this.stabiliser(this.k2, range)];
    const structure = covariance.mul(2).add(c2).div(variance1.add(variance2).add(c2));
    const luminance = m12.mul(2).add(c1).div(m11.add(m22).add(c1));
    const full = meanPerImage(luminance.mul(structure));
    if (!this.multiscale || height <= 2 * half || width <= 2 * half) return { full, contrast: full };
    const inner = structure.slice([0, 0, half, half], [batch, channels, height - half, width - half]);
    return { full, contrast: meanPerImage(inner) };
  }

  private stabiliser(k: number, range: number | Tensor): number | Tensor {
    if (typeof range === "number") return (k * range) ** 2;
    return range.mul(k).square().reshape([range.size, 1, 1, 1]);
  }
}

/** Weighted local means with a Gaussian window, mirrored at the border: `[N, C, H, W]` to the same shape. */
function blur(images: Tensor, sigma: number, half: number): Tensor {
  const [batch, channels, height, width] = fourDims(images);
  const weights = Array.from({ length: 2 * half + 1 }, (_, i) => Math.exp(-(((i - half) / sigma) ** 2) / 2));
  const total = weights.reduce((a, b) => a + b, 0);
  const window = tensor(
    weights.map((w) => w / total),
    { dtype: images.dtype, device: images.device },
  );
  const side = weights.length;
  const padded = images
    .reshape([batch * channels, 1, height, width])
    .pad([0, 0, 0, 0, half, half, half, half], { mode: "reflect" });
  const rows = conv2d(padded, window.reshape([1, 1, side, 1]));
  const both = conv2d(rows, window.reshape([1, 1, 1, side]));
  return both.reshape([batch, channels, height, width]);
}

function halve(t: Tensor): Tensor {
  return avgPool2d(t, 2);
}

function fourDims(t: Tensor): [number, number, number, number] {
  if (t.shape.length !== 4) {
    throw new ShapeError(`SSIM: images must have shape [B, C, H, W], got [${t.shape.join(", ")}].`, "shape_mismatch");
  }
  return t.shape as unknown as [number, number, number, number];
}
