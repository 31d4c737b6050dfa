import { safeSqrt } from "../functional/index.js";
import { ShapeError } from "../runtime/index.js";
import { where, type Tensor } from "../tensor/index.js";
import { Metric, type MetricOptions } from "./metric.js";

/**
 * Spectral angle: the angle in radians between the channel vectors of two pixels, averaged over the image.
 *
 * `arccos(<xNet, x> / (|xNet| |x|))` for each pixel of `[B, C, H, W]` with at least two channels.
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
    const cosine = xNet
      .mul(x)
      .sum(1)
      .div(norm(xNet).mul(norm(x)));
    return arccos(cosine).mean([1, 2]);
  }
}

/**
 * Abramowitz and Stegun 4.4.46, from x^7 down to 1: arccos(x) is this times sqrt(1 - x) on [0, 1], with an error of
 * 2e-8.
 */
const POLYNOMIAL = [
  -0.0012624911, 0.0066700901, -0.0170881256, 0.030891881, -0.0501743046, 0.0889789874, -0.2145988016, 1.570796305,
];

/**
 * arccos from a polynomial, as exact as float32; in float64 a Newton step on cos(theta) = c follows. Graphics cards may
 * give cosines with an error of 5e-4, so none are asked for in float32. Its gradient at -1 and 1, where the true one is
 * infinite, is zero.
 */
function arccos(c: Tensor): Tensor {
  const flat = c
    .detach()
    .abs()
    .ge(1 - 1e-7);
  const inside = where(flat, c.mul(0), c);
  const a = inside.abs();
  const [first = 0, ...others] = POLYNOMIAL;
  const polynomial = others.reduce((sum, coefficient) => sum.mul(a).add(coefficient), a.mul(0).add(first));
  const positive = polynomial.mul(a.neg().add(1).sqrt());
  const theta = where(inside.detach().lt(0), positive.neg().add(Math.PI), positive);
  const exact = theta.dtype === "float64" ? theta.add(theta.cos().sub(inside).div(theta.sin())) : theta;
  return where(flat, c.detach().lt(0).mul(Math.PI), exact);
}
