import { tensor, where, type Tensor } from "../tensor/index.js";
import { logIncompleteGamma } from "./incomplete-gamma.js";

/** Below this number of photons the score of a Poisson measurement goes on along its tangent, which stays finite. */
const LEAST_RATE = 1e-3;

/** `log(F / (1 - F))`; where F is within eps of 0 or 1, by the tail of the normal distribution at z. */
function logit(F: Tensor, z: Tensor, eps: number): Tensor {
  const inside = F.maximum(eps).minimum(1 - eps);
  const middle = inside.log().sub(inside.neg().add(1).log());
  // -log(1 - F(z)) = z^2 / 2 + log z + log(2 pi) / 2 to first order in 1 / z^2.
  const tail = z
    .square()
    .div(2)
    .add(z.abs().maximum(1e-12).log())
    .add(Math.log(2 * Math.PI) / 2);
  return where(F.le(eps), tail.neg(), where(F.ge(1 - eps), tail, middle));
}

/** The normal distribution function. */
const normalCdf = (z: Tensor): Tensor => z.div(Math.SQRT2).erf().add(1).div(2);

/** Scores `logit F(y)` of measurements with means q and Gaussian noise. */
export function gaussianScores(q: Tensor, y: Tensor, sigma: number | Tensor, eps: number): Tensor {
  const z = y.sub(q).div(sigma);
  return logit(normalCdf(z), z, eps);
}

/**
 * Scores of measurements that were cut off at 0 and 1 after Gaussian noise was added. What lies below `boundary` or
 * above `1 - boundary` shares the probability of that range evenly; a value that was cut off is put into its middle.
 */
export function clippedGaussianScores(
  q: Tensor,
  y: Tensor,
  sigma: number | Tensor,
  { eps, boundary }: { readonly eps: number; readonly boundary: number },
): Tensor {
  const cut = y.maximum(0).minimum(1);
  const inside = where(cut.le(0), boundary / 2, where(cut.ge(1), 1 - boundary / 2, cut));
  const cdf = (value: Tensor | number) => normalCdf(q.neg().add(value).div(sigma));
  const [low, high] = [cdf(boundary), cdf(1 - boundary)];
  const below = inside.div(boundary).mul(low);
  const above = high.add(
    inside
      .sub(1 - boundary)
      .div(boundary)
      .mul(high.neg().add(1)),
  );
  const F = where(inside.lt(boundary), below, where(inside.gt(1 - boundary), above, cdf(inside)));
  return logit(F, inside.sub(q).div(sigma), eps);
}

/**
 * Scores of counts n with rates q, `F = P(N <= n) = Q(n + 1, q)` with the incomplete gamma function Q. Computed on the
 * host; the derivative in q is that of the formula, of first order only.
 *
 * @throws DeviceError `cannot_block` where the device cannot be waited for.
 */
export function poissonScores(q: Tensor, counts: Tensor): Tensor {
  const [rates, observed] = [q.detach().dataSync(), counts.detach().dataSync()];
  const [values, slopes] = [new Float64Array(rates.length), new Float64Array(rates.length)];
  for (let i = 0; i < rates.length; i++) {
    const rate = rates[i] as number;
    const at = Math.max(rate, LEAST_RATE);
    const { logP, logQ, logDensity } = logIncompleteGamma(Math.max(observed[i] as number, 0) + 1, at);
    // dQ / dq = -density, and d logit F = dF / F + dF / (1 - F).
    slopes[i] = -Math.exp(logDensity - logQ) - Math.exp(logDensity - logP);
    values[i] = logQ - logP + (slopes[i] as number) * (rate - at);
  }
  const like = { shape: [...q.shape], dtype: q.dtype, device: q.device };
  return q.sub(q.detach()).mul(tensor(slopes, like)).add(tensor(values, like));
}
