import { conv2d, safeSqrt } from "../functional/index.js";
import { checkNumber } from "../runtime/index.js";
import { tensor, type Tensor } from "../tensor/index.js";
import { Metric, type MetricOptions } from "./metric.js";
import { checkImages } from "./preprocess.js";

/** Options of {@link GMSD}. */
export interface GMSDOptions extends MetricOptions {
  /** Stabiliser, in squared units of the images; the paper has 170 for values up to 255. Default: 0.0026. */
  c?: number;
}

/** Three times the Prewitt filter of horizontal differences; the transpose is that of vertical ones. */
const PREWITT = [1, 0, -1, 1, 0, -1, 1, 0, -1];
const TRANSPOSED = [1, 1, 1, 0, 0, 0, -1, -1, -1];

/**
 * Gradient magnitude similarity deviation (Xue, Zhang, Mou, Bovik, 2014, arXiv:1308.3052): the standard deviation over
 * the pixels of `(2 m1 m2 + c) / (m1^2 + m2^2 + c)`, where m1 and m2 are the magnitudes of the gradients of both
 * images.
 *
 * Gradients are taken with the Prewitt filters, on images repeated beyond their border. Each channel has its own
 * deviation; the value is their mean. As in deepinv, images are not halved first, as the paper does. Lower is better;
 * equal images have 0, with gradient zero.
 *
 * Images `[B, C, H, W]` with values in [0, 1].
 */
export class GMSD extends Metric {
  readonly c: number;

  constructor(options: GMSDOptions = {}) {
    super("GMSD", options, ["c"]);
    this.c = options.c ?? 0.0026;
    checkNumber("GMSD", "c", this.c, { positive: true });
  }

  protected metric(xNet: Tensor, x: Tensor): Tensor {
    checkImages(x, this.name);
    const [batch, channels, height, width] = x.shape as [number, number, number, number];
    const [first, second] = [squaredGradient(xNet), squaredGradient(x)];
    // One minus the similarity, which has the same deviation, and is exactly 0 for equal images.
    const dissimilarity = safeSqrt(first)
      .sub(safeSqrt(second))
      .square()
      .div(first.add(second).add(this.c))
      .reshape([batch, channels, height * width]);
    return safeSqrt(dissimilarity.variance(2, false, 0)).mean(1);
  }
}

/** Squared magnitude of the gradient of each channel, `[B C, 1, H, W]`. */
function squaredGradient(images: Tensor): Tensor {
  const [batch, channels, height, width] = images.shape as [number, number, number, number];
  const padded = images
    .reshape([batch * channels, 1, height, width])
    .pad([0, 0, 0, 0, 1, 1, 1, 1], { mode: "replicate" });
  const filter = tensor([...PREWITT, ...TRANSPOSED], {
    shape: [2, 1, 3, 3],
    dtype: images.dtype,
    device: images.device,
  });
  return conv2d(padded, filter).square().sum(1, true).div(9);
}
