import { ShapeError } from "../runtime/index.js";
import { where, type Tensor } from "../tensor/index.js";
import { Metric, type MetricOptions } from "./metric.js";
import { safeSqrt } from "./preprocess.js";

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
    const cosine = xNet.mul(x).sum(1).div(norm(xNet).mul(norm(x)));
    return arccos(cosine).mean([1, 2]);
  }
}

/**
 * arccos from square root, sine and cosine: a polynomial (Abramowitz and Stegun 4.4.45, error 7e-5), then two Newton
 * steps on cos(theta) = c. Its gradient at -1 and 1, where the true one is infinite, is zero.
 */
function arccos(c: Tensor): Tensor {
  const flat = c.detach().abs().ge(1 - 1e-7);
  const inside = where(flat, c.mul(0), c);
  const a = inside.abs();
  const polynomial = a.mul(-0.0187293).add(0.074261).mul(a).sub(0.2121144).mul(a).add(1.5707288);
  const positive = polynomial.mul(a.neg().add(1).sqrt());
  let theta = where(inside.detach().lt(0), positive.neg().add(Math.PI), positive);
  for (let step = 0; step < 2; step++) theta = theta.add(theta.cos().sub(inside).div(theta.sin()));
  return where(flat, c.detach().lt(0).mul(Math.PI), theta);
}
