import { complexMul, fromSpectrum, safeSqrt, spectrum } from "../functional/index.js";
import { checkFlag } from "../runtime/index.js";
import { tensor, type Tensor, where } from "../tensor/index.js";
import { logErfc } from "./log-erfc.js";
import { Metric, type MetricOptions } from "./metric.js";
import { checkImages } from "./preprocess.js";
import { quotient } from "./quotient.js";

/** Options of {@link SharpnessIndex}. */
export interface SharpnessIndexOptions extends MetricOptions {
  /** Takes the periodic component of the image first (Moisan, 2011). Default: true. */
  periodicComponent?: boolean;
  /** Shifts the image by half a pixel along both axes, which undoes the bias of quantised values. Default: true. */
  dequantize?: boolean;
}

/**
 * How sharp an image is, without a reference: the index S of Leclaire and Moisan ("No-reference image quality
 * assessment and blind deblurring with sharpness metrics exploiting Fourier phase information", 2015), a simpler form
 * of the sharpness index of Blanchet and Moisan ("An explicit sharpness index related to global phase coherence",
 * 2012).
 *
 * `-log10 Q((mu - TV(x)) / s)`, where TV is the total variation, mu and s are its mean and standard deviation after the
 * phases of x are made random, by convolving x with white noise, and Q is the tail of the normal distribution: `mu =
 * (ax + ay) sqrt(2 N / pi)`, `s^2 = (|gxx|^2 / ax^2 + |gyy|^2 / ay^2 + 2 |gxy|^2 / (ax ay)) / pi` with the periodic
 * differences of N pixels, their norms ax and ay and their correlations g. It does not depend on the scale of x. The
 * mean over channels; one that is constant has 0, with gradient zero. Higher is sharper; white noise, whose phases are
 * random already, has about 0.3. With `trainLoss`: its negative.
 *
 * Images `[B, C, H, W]`.
 */
export class SharpnessIndex extends Metric {
  override readonly lowerBetter: boolean = false;
  override readonly needsReference: boolean = false;
  readonly periodicComponent: boolean;
  readonly dequantize: boolean;

  constructor(options: SharpnessIndexOptions = {}) {
    super("SharpnessIndex", options, ["periodicComponent", "dequantize"]);
    this.periodicComponent = checkFlag("SharpnessIndex", "periodicComponent", options.periodicComponent, true);
    this.dequantize = checkFlag("SharpnessIndex", "dequantize", options.dequantize, true);
  }

  protected metric(xNet: Tensor): Tensor {
    checkImages(xNet, this.name);
    const [height, width] = xNet.shape.slice(2) as [number, number];
    const pixels = height * width;
    const image = this.#prepare(scaled(xNet));
    const difference = (dim: number): Tensor => image.roll(-1, dim).sub(image);
    const [gx, gy] = [difference(3), difference(2)];
    const variation = gx.abs().add(gy.abs()).sum([2, 3]);
    const power = spectrum(image, 1 / Math.sqrt(pixels))
      .square()
      .sum(4);
    const [px, py] = [
      power.mul(gain(width, [1, 1, 1, width], power)),
      power.mul(gain(height, [1, 1, height, 1], power)),
    ];
    const [ax, ay] = [gx, gy].map((g) => safeSqrt(g.square().sum([2, 3]))) as [Tensor, Tensor];
    const ratio = (a: Tensor, b: Tensor, na: Tensor, nb: Tensor): Tensor => quotient(a.mul(b).sum([2, 3]), na.mul(nb));
    const variance = ratio(px, px, ax, ax)
      .add(ratio(py, py, ay, ay))
      .add(ratio(px, py, ax, ay).mul(2))
      .mul(pixels / Math.PI);
    const excess = ax
      .add(ay)
      .mul(Math.sqrt((2 * pixels) / Math.PI))
      .sub(variation);
    const index = logErfc(quotient(excess, safeSqrt(variance)).div(Math.SQRT2))
      .sub(Math.LN2)
      .div(-Math.LN10);
    return where(variance.detach().eq(0), 0, index).mean(1);
  }

  /** The periodic component, shifted by half a pixel. */
  #prepare(image: Tensor): Tensor {
    if (!this.periodicComponent && !this.dequantize) return image;
    let transformed = spectrum(image, 1);
    if (this.periodicComponent) transformed = transformed.sub(smoothComponent(image));
    if (this.dequantize) transformed = complexMul(transformed, halfPixelShift(image));
    return fromSpectrum(transformed, 1 / ((image.shape[2] ?? 1) * (image.shape[3] ?? 1)));
  }
}

/**
 * Images with mean 0 and standard deviation 1, which changes no value of the index, but keeps its sums in the range of
 * float32; a constant image becomes 0.
 */
function scaled(image: Tensor): Tensor {
  const values = image.detach();
  const constant = values.max([2, 3], true).eq(values.min([2, 3], true));
  const centred = where(constant, 0, image.sub(values.mean([2, 3], true)));
  return quotient(centred, safeSqrt(centred.detach().square().mean([2, 3], true)));
}

/** The squared modulus of the periodic difference's response, 4 sin^2(pi k / n). */
function gain(n: number, shape: readonly number[], like: Tensor): Tensor {
  const values = Array.from({ length: n }, (_, k) => 4 * Math.sin((Math.PI * k) / n) ** 2);
  return tensor(values, { shape, dtype: like.dtype, device: like.device });
}

/** Spectrum of the smooth component s: the Laplacian of s is the jump of the image across its periodic border. */
function smoothComponent(image: Tensor): Tensor {
  const jumps = [2, 3].map((dim) => {
    const last = (image.shape[dim] ?? 1) - 1;
    const jump = image.select(dim, 0).sub(image.select(dim, last)).unsqueeze(dim);
    const widths = (before: number, after: number): number[] =>
      image.shape.flatMap((_, k) => (k === dim ? [before, after] : [0, 0]));
    return jump.pad(widths(0, last)).sub(jump.pad(widths(last, 0)));
  }) as [Tensor, Tensor];
  const [height, width] = image.shape.slice(2) as [number, number];
  const inverse = Array.from({ length: height * width }, (_, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    const laplacian = 2 - Math.cos((2 * Math.PI * row) / height) - Math.cos((2 * Math.PI * column) / width);
    return i === 0 ? 0 : 0.5 / laplacian;
  });
  const response = tensor(inverse, { shape: [1, 1, height, width, 1], dtype: image.dtype, device: image.device });
  return spectrum(jumps[0].add(jumps[1]), 1).mul(response);
}

/** Response of the shift by (1/2, 1/2) pixel, `[1, 1, H, W, 2]`. */
function halfPixelShift(image: Tensor): Tensor {
  const [height, width] = image.shape.slice(2) as [number, number];
  const frequency = (k: number, n: number): number => ((k + Math.floor(n / 2)) % n) - Math.floor(n / 2);
  const values = Array.from({ length: height * width }, (_, i) => {
    const row = frequency(Math.floor(i / width), height) / height;
    const phase = -Math.PI * (row + frequency(i % width, width) / width);
    return [Math.cos(phase), Math.sin(phase)];
  });
  return tensor(values.flat(), { shape: [1, 1, height, width, 2], dtype: image.dtype, device: image.device });
}
