import { ArgumentError, checkNumber, ShapeError } from "../runtime/index.js";
import { cat, Tensor, where } from "../tensor/index.js";
import { Metric, type MetricContext, type MetricOptions } from "./metric.js";
import { checkImages } from "./preprocess.js";
import { safePow } from "./quotient.js";
import { structuralSimilarity } from "./structural-similarity.js";

/** Options of {@link QNR}. */
export interface QNROptions extends MetricOptions {
  /** Exponent of the spectral quality. Default: 1. */
  alpha?: number;
  /** Exponent of the spatial quality. Default: 1. */
  beta?: number;
  /** Exponent of the differences in the spectral distortion. Default: 1. */
  p?: number;
  /** Exponent of the differences in the spatial distortion. Default: 1. */
  q?: number;
}

/**
 * Quality of pansharpening without reference (Alparone, Aiazzi, Baronti, Garzelli, Nencini, Selva, "Multispectral and
 * panchromatic data fusion assessment without reference", 2008): `(1 - Dl)^alpha (1 - Ds)^beta`, between 0 and 1, which
 * is best.
 *
 * The spectral distortion Dl is `(mean |Q(x_b, x_c) - Q(y_b, y_c)|^p)^(1/p)` over pairs of different bands of the
 * result xNet and of the low-resolution image y; the spatial distortion Ds is `(mean |Q(x_b, P) - Q(y_b, P')|^q)^(1/q)`
 * over bands, with the panchromatic image P and its low-resolution version P'. A distortion above 1 counts as 1. As in
 * deepinv, Q is SSIM with the larger of both ranges, here image by image, where the paper has SSIM's predecessor; two
 * flat images are compared by their means. With `trainLoss`: one minus it.
 *
 * `forward(xNet, undefined, { y, physics })` with the measurements `[[B, C, h, w], [B, 1, H, W]]` of a `Pansharpen`
 * physics and xNet `[B, C, H, W]`, C >= 2; each image has at least 6 pixels a side. Throws an ArgumentError
 * `missing_argument` without `y` and `physics`.
 */
export class QNR extends Metric {
  override readonly lowerBetter: boolean = false;
  override readonly needsReference: boolean = false;
  readonly alpha: number;
  readonly beta: number;
  readonly p: number;
  readonly q: number;

  constructor(options: QNROptions = {}) {
    super("QNR", options, ["alpha", "beta", "p", "q"]);
    const { alpha = 1, beta = 1, p = 1, q = 1 } = options;
    this.alpha = checkNumber("QNR", "alpha", alpha, { min: 0 });
    this.beta = checkNumber("QNR", "beta", beta, { min: 0 });
    this.p = checkNumber("QNR", "p", p, { positive: true });
    this.q = checkNumber("QNR", "q", q, { positive: true });
  }

  protected metric(xNet: Tensor, _x: Tensor, context: MetricContext): Tensor {
    checkImages(xNet, this.name);
    const { low, pan, downsample } = measurements(context);
    const [batch, bands, height, width] = xNet.shape as [number, number, number, number];
    const [lowBatch, lowBands] = low.shape;
    if (bands < 2 || low.shape.length !== 4 || lowBatch !== batch || lowBands !== bands) {
      throw new ShapeError(
        `QNR: xNet and the low-resolution image must have the same batch and at least two bands, ` +
          `got [${xNet.shape.join(", ")}] and [${low.shape.join(", ")}].`,
        "shape_mismatch",
      );
    }
    if (pan.shape.join() !== [batch, 1, height, width].join()) {
      throw new ShapeError(
        `QNR: the panchromatic image must have shape [${[batch, 1, height, width].join(", ")}], ` +
          `got [${pan.shape.join(", ")}].`,
        "shape_mismatch",
      );
    }
    const pairs = Array.from({ length: bands }, (_, b) => Array.from({ length: b }, (_, c) => [b, c] as const)).flat();
    const spectral = (image: Tensor): Tensor =>
      quality(
        pairs.map(([b]) => band(image, b)),
        pairs.map(([, c]) => band(image, c)),
      );
    const all = Array.from({ length: bands }, (_, b) => b);
    const spatial = (image: Tensor, grey: Tensor): Tensor =>
      quality(
        all.map((b) => band(image, b)),
        all.map(() => grey),
      );
    const spectralDistortion = powerMean(spectral(xNet).sub(spectral(low)), this.p);
    const spatialDistortion = powerMean(spatial(xNet, pan).sub(spatial(low, downsample(pan))), this.q);
    const kept = (distortion: Tensor, power: number): Tensor => safePow(distortion.neg().add(1).relu(), power);
    return kept(spectralDistortion, this.alpha).mul(kept(spatialDistortion, this.beta));
  }

  protected override invert(value: Tensor): Tensor {
    return value.neg().add(1);
  }
}

interface Measurements {
  readonly low: Tensor;
  readonly pan: Tensor;
  readonly downsample: (image: Tensor) => Tensor;
}

/** The parts of the context that QNR needs, as a Pansharpen physics gives them. */
function measurements({ y, physics }: MetricContext): Measurements {
  if (!y || !physics) {
    throw new ArgumentError(
      `QNR: ${y ? "physics" : "y"} is missing; call forward(xNet, x, { y, physics }) with what Pansharpen measured.`,
      "missing_argument",
    );
  }
  const isObject = typeof y === "object" && typeof physics === "object";
  const { downsampling } = physics as { readonly downsampling?: { A?(image: Tensor): Tensor } };
  const list = isObject && Symbol.iterator in y ? [...(y as Iterable<unknown>)] : [];
  const [low, pan] = list;
  if (
    typeof downsampling?.A !== "function" ||
    list.length !== 2 ||
    !(low instanceof Tensor) ||
    !(pan instanceof Tensor)
  ) {
    throw new ArgumentError(
      "QNR: y and physics do not fit, expected a Pansharpen physics and the two images that it measures.",
      "invalid_argument",
    );
  }
  return { low, pan, downsample: (image) => (downsampling as { A(image: Tensor): Tensor }).A(image) };
}

function band(image: Tensor, index: number): Tensor {
  return image.select(1, index).unsqueeze(1);
}

/** SSIM of each pair of images `[B, 1, H, W]`, with the larger of both ranges: `[pairs, B]`. */
function quality(first: readonly Tensor[], second: readonly Tensor[]): Tensor {
  const [a, b] = [cat(first, 0), cat(second, 0)];
  const largest = (t: Tensor): Tensor => t.max([1, 2, 3], true);
  const range = (t: Tensor): Tensor => largest(t).add(largest(t.neg()));
  const either = range(a).maximum(range(b));
  // Two flat images have no range: their magnitude takes its place, or 1 where both are black.
  const magnitude = largest(a.abs()).maximum(largest(b.abs())).detach();
  const size = where(either.detach().gt(0), either, where(magnitude.gt(0), magnitude, 1));
  const options = { name: "QNR", sigma: 1.5, c1: size.mul(0.01).square(), c2: size.mul(0.03).square() };
  return structuralSimilarity(a, b, options).full().reshape([first.length, -1]);
}

/** `(mean |t|^p)^(1/p)` over the first dimension. */
function powerMean(t: Tensor, p: number): Tensor {
  return safePow(safePow(t.abs(), p).mean(0), 1 / p);
}
