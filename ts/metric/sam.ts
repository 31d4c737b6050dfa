import { safeSqrt } from "../functional/index.js";
import { ShapeError } from "../runtime/index.js";
import { where, type Tensor } from "../tensor/index.js";
import { Metric, type MetricOptions } from "./metric.js";
import { quotient } from "./quotient.js";

/**
 * Spectral angle: the angle in radians between the channel vectors of two pixels, averaged over the image.
 *
 * `arccos(<xNet, x> / (|xNet| |x|))` for each pixel of `[B, C, H, W]` with at least two channels.
 *
 * The mean is over the pixels that are not black (all channels 0) in the reference; an image without one is left out
 * (NaN). Where only xNet is black, the cosine is taken as 0 (a right angle) and the gradient is zero.
 */
export class SpectralAngleMapper extends Metric {
  constructor(options: MetricOptions = {}) {
    super("SpectralAngleMapper", options);
  }

  protected metric(xNet: Tensor, x: Tensor): Tensor {
    if (x.shape.length !== 4 || (x.shape[1] ?? 0) < 2) {
      throw new ShapeError(
        `SpectralAngleMapper: images must have shape [B, C, H, W] with C >= 2, got [${x.shape.join(", ")}].`,
        "shape_mismatch",
      );
    }
    const norm = (t: Tensor) => safeSqrt(t.square().sum(1));
    const lengths = norm(x);
    const counted = lengths.detach().ne(0);
    const cosine = quotient(quotient(xNet.mul(x).sum(1), norm(xNet)), lengths);
    return quotient(arccos(cosine).mul(counted).sum([1, 2]), counted.sum([1, 2]));
  }

  protected override definedFor(x: Tensor): Tensor {
    return x.square().sum([1, 2, 3]).ne(0);
  }
}

/**
 * Abramowitz and Stegun 4.4.46, coefficients of x^7 to 1: on [0, 1] arccos(x) is this polynomial times sqrt(1 - x),
 * with an error of 2e-8.
 */
const POLYNOMIAL = [
  -0.0012624911, 0.0066700901, -0.0170881256, 0.030891881, -0.0501743046, 0.0889789874, -0.2145988016, 1.570796305,
];

/** How near to -1 and 1 rounding may bring the cosine of an angle that is not 0. */
const ROUNDING = { float32: 1e-7, float64: 1e-15 } as const;

/**
 * arccos by a polynomial, accurate to float32; in float64 a Newton step on `cos(theta) = c` follows. In float32 no
 * cosine is computed, as the error of a GPU's may be 5e-4. At -1 and 1 up to rounding, where the true gradient is
 * infinite, it is zero.
 */
function arccos(c: Tensor): Tensor {
  const flat = c
    .detach()
    .abs()
    .ge(1 - ROUNDING[c.dtype]);
  const inside = where(flat, c.mul(0), c);
  const a = inside.abs();
  const [first = 0, ...others] = POLYNOMIAL;
  const polynomial = others.reduce((sum, coefficient) => sum.mul(a).add(coefficient), a.mul(0).add(first));
  const positive = polynomial.mul(a.neg().add(1).sqrt());
  const theta = where(inside.detach().lt(0), positive.neg().add(Math.PI), positive);
  const exact = theta.dtype === "float64" ? theta.add(theta.cos().sub(inside).div(theta.sin())) : theta;
  return where(flat, c.detach().lt(0).mul(Math.PI), exact);
}
