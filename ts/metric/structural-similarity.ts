import { conv2d, meanPerImage } from "../functional/index.js";
import { ShapeError } from "../runtime/index.js";
import { Tensor, cat, tensor } from "../tensor/index.js";

/** Options of {@link structuralSimilarity}. */
export interface StructuralSimilarityOptions {
  /** The metric's name, for messages. */
  readonly name: string;
  /** Standard deviation of the Gaussian window in pixels. */
  readonly sigma: number;
  /** Stabiliser of the luminance term: a number, or `[B, 1, 1, 1]`. */
  readonly c1: number | Tensor;
  /** Stabiliser of the contrast-structure term: a number, or `[B, 1, 1, 1]`. */
  readonly c2: number | Tensor;
  /** What a message adds about the size that is needed. Default: nothing. */
  readonly hint?: string;
}

/** Averages over the pixels of each image, `[B]`. */
export interface SimilarityTerms {
  /** Luminance times contrast-structure. */
  full(): Tensor;
  /** Contrast-structure alone, without the border that the window mirrors where the image is large enough. */
  contrast(): Tensor;
}

/**
 * The terms of the structural similarity of images `[B, C, H, W]` of one shape; see `SSIM`.
 *
 * @throws ShapeError `shape_mismatch` where images are not `[B, C, H, W]` or smaller than half a window.
 */
export function structuralSimilarity(a: Tensor, b: Tensor, options: StructuralSimilarityOptions): SimilarityTerms {
  const { name, sigma, c1, c2, hint = "" } = options;
  const half = Math.floor(3.5 * sigma + 0.5);
  if (a.shape.length !== 4) {
    throw new ShapeError(
      `${name}: images must have shape [B, C, H, W], got [${a.shape.join(", ")}].`,
      "shape_mismatch",
    );
  }
  const [batch, channels, height, width] = a.shape as [number, number, number, number];
  if (Math.min(height, width) <= half) {
    throw new ShapeError(
      `${name}: the window of sigma ${sigma} needs images of more than ${half} pixels a side${hint}, ` +
        `got ${height} x ${width}; choose a smaller sigma${hint ? " or fewer betas" : ""}.`,
      "shape_mismatch",
    );
  }
  const local = blur(cat([a, b, a.square(), b.square(), a.mul(b)], 0), sigma, half);
  const part = (i: number) => local.slice([i * batch, 0, 0, 0], [(i + 1) * batch, channels, height, width]);
  const [m1, m2] = [part(0), part(1)];
  const [m11, m22, m12] = [m1.square(), m2.square(), m1.mul(m2)];
  const variance1 = part(2).sub(m11).relu();
  const variance2 = part(3).sub(m22).relu();
  const covariance = part(4).sub(m12);
  const structure = covariance.mul(2).add(c2).div(variance1.add(variance2).add(c2));
  const full = () => meanPerImage(m12.mul(2).add(c1).div(m11.add(m22).add(c1)).mul(structure));
  const bordered = height <= 2 * half || width <= 2 * half;
  return {
    full,
    contrast: () =>
      bordered
        ? full()
        : meanPerImage(structure.slice([0, 0, half, half], [batch, channels, height - half, width - half])),
  };
}

/** Weighted local means with a Gaussian window, mirrored at the border: `[N, C, H, W]` to the same shape. */
function blur(images: Tensor, sigma: number, half: number): Tensor {
  const [batch, channels, height, width] = images.shape as [number, number, number, number];
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
