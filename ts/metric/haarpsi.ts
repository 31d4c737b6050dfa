import { avgPool2d, conv2d } from "../functional/index.js";
import { checkFlag, checkNumber } from "../runtime/index.js";
import { cat, tensor, type Tensor, where } from "../tensor/index.js";
import { Metric, type MetricOptions } from "./metric.js";
import { checkImages } from "./preprocess.js";
import { quotient } from "./quotient.js";

/** Options of {@link HaarPSI}. */
export interface HaarPSIOptions extends MetricOptions {
  /**
   * Stabiliser of the similarity of coefficients, for values up to 255: 5 for medical, 30 for natural images. Default:
   * 5.
   */
  C?: number;
  /** Slope of the logistic function: 4.9 for medical, 4.2 for natural images. Default: 4.9. */
  alpha?: number;
  /** Halves the images first, by means of 2 x 2 pixels. Default: true. */
  preprocessWithSubsampling?: boolean;
}

/** Red, green, blue to luminance Y and chrominance I, Q. */
const YIQ = [
  [0.299, 0.587, 0.114],
  [0.596, -0.274, -0.322],
  [0.211, -0.523, 0.312],
];

/**
 * Haar wavelet-based perceptual similarity index (Reisenhofer, Bosse, Kutyniok, Wiegand, 2018, arXiv:1607.06140), with
 * the parameters of Karner, Groehl, Selby et al. (2024, arXiv:2410.24098) for medical images by default.
 *
 * For both orientations, s is the mean over the two finest scales of `(2 a b + C) / (a^2 + b^2 + C)`, where a and b are
 * the magnitudes of the Haar coefficients of both images, and w the larger magnitude at the third scale. The value is
 * `(l^-1(sum w l(s) / sum w))^2` with `l(s) = 1 / (1 + exp(-alpha s))`. Colour adds the similarity of I and Q. It lies
 * between 0 and 1, which equal images have, two black ones included. With `trainLoss`: its negative.
 *
 * Images `[B, C, H, W]` with one or three channels and values in [0, 1]; `normInputs: "clip"` or `"min_max"` gives
 * these.
 */
export class HaarPSI extends Metric {
  override readonly lowerBetter: boolean = false;
  readonly C: number;
  readonly alpha: number;
  readonly preprocessWithSubsampling: boolean;

  constructor(options: HaarPSIOptions = {}) {
    super("HaarPSI", options, ["C", "alpha", "preprocessWithSubsampling"]);
    this.C = options.C ?? 5;
    this.alpha = options.alpha ?? 4.9;
    checkNumber("HaarPSI", "C", this.C, { positive: true });
    checkNumber("HaarPSI", "alpha", this.alpha, { positive: true });
    this.preprocessWithSubsampling = checkFlag(
      "HaarPSI",
      "preprocessWithSubsampling",
      options.preprocessWithSubsampling,
      true,
    );
  }

  protected metric(xNet: Tensor, x: Tensor): Tensor {
    checkImages(x, this.name, [1, 3]);
    let images = cat([xNet, x], 0).mul(255);
    const colour = x.shape[1] === 3;
    if (colour) images = conv2d(images, filters(YIQ.flat(), [3, 3, 1, 1], images));
    if (this.preprocessWithSubsampling) images = halve(images);
    const luminance = channels(images, 0, 1);
    const [fine, middle, coarse] = [2, 4, 8].map((side) => pairOf(haar(luminance, side).abs())) as [Pair, Pair, Pair];
    let similarity = this.#similarity(fine).add(this.#similarity(middle)).div(2);
    let weight = coarse[0].maximum(coarse[1]);
    if (colour) {
      const chroma = this.#similarity(pairOf(boxMean(channels(images, 1, 3)).abs()));
      similarity = cat([similarity, chroma.mean(1, true)], 1);
      weight = cat([weight, weight.mean(1, true)], 1);
    }
    const total = weight.sum([1, 2, 3]);
    const logistic = quotient(similarity.mul(this.alpha).sigmoid().mul(weight).sum([1, 2, 3]), total);
    // Without any structure the coefficients are equal: all similarities are 1, whatever the weights.
    const mean = where(total.detach().eq(0), 1 / (1 + Math.exp(-this.alpha)), logistic);
    return mean.div(mean.neg().add(1)).log().div(this.alpha).square();
  }

  #similarity([a, b]: Pair): Tensor {
    return a.mul(b).mul(2).add(this.C).div(a.square().add(b.square()).add(this.C));
  }
}

type Pair = readonly [Tensor, Tensor];

/** The first and the second half of a batch. */
function pairOf(t: Tensor): Pair {
  const [batch = 0, ...rest] = t.shape;
  const zeros = rest.map(() => 0);
  return [t.slice([0, ...zeros], [batch / 2, ...rest]), t.slice([batch / 2, ...zeros], [batch, ...rest])];
}

function channels(t: Tensor, start: number, end: number): Tensor {
  const [batch = 0, , ...rest] = t.shape;
  return t.slice([0, start, ...rest.map(() => 0)], [batch, end, ...rest]);
}

function filters(values: readonly number[], shape: readonly number[], like: Tensor): Tensor {
  return tensor(values, { shape, dtype: like.dtype, device: like.device });
}

/** Zeros beyond the border, so that a window of an even side gives an image of the same size. */
function padFor(t: Tensor, side: number): Tensor {
  const [before, after] = [side / 2 - 1, side / 2];
  return t.pad([0, 0, 0, 0, before, after, before, after]);
}

/** Haar coefficients of both orientations, `[B, 1, H, W]` to `[B, 2, H, W]`. */
function haar(t: Tensor, side: number): Tensor {
  const signs = Array.from({ length: side }, (_, i) => (i < side / 2 ? -1 / side : 1 / side));
  const rows = signs.flatMap((sign) => signs.map(() => sign));
  const columns = signs.flatMap(() => signs);
  return conv2d(padFor(t, side), filters([...rows, ...columns], [2, 1, side, side], t));
}

/** Means of 2 x 2 pixels around each pixel. */
function boxMean(t: Tensor): Tensor {
  return avgPool2d(padFor(t, 2), 2, { stride: 1 });
}

/** Means of 2 x 2 pixels; zeros follow an odd last row or column. */
function halve(t: Tensor): Tensor {
  return avgPool2d(t.pad([0, 0, 0, 0, 0, (t.shape[2] ?? 0) % 2, 0, (t.shape[3] ?? 0) % 2]), 2);
}
