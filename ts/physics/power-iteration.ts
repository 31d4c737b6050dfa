import { checkNumber } from "../runtime/index.js";
import { resolveRng, type RandomSource } from "../random/index.js";
import { noGrad, type Tensor } from "../tensor/index.js";

/** Settings of a power iteration. */
export interface NormOptions {
  /** Maximum number of iterations. Default: 100. */
  maxIter?: number;
  /**
   * Stops once the estimate changes by less than this, or, where it is below 1, by less than this share of it. Other
   * devices than the CPU do all iterations. Default: 1e-3.
   */
  tol?: number;
  /** Random source of the start vector. */
  rng?: RandomSource | undefined;
}

/** The options of `computeNorm`. */
export const NORM_OPTIONS = ["squared", "maxIter", "tol", "rng"];

/**
 * The largest eigenvalue of a symmetric positive semi-definite map by power iteration, from a random start shaped like
 * `x0`: a tensor of shape `[]`.
 */
export function powerIteration(map: (x: Tensor) => Tensor, x0: Tensor, options: NormOptions): Tensor {
  const maxIter = checkNumber("computeNorm", "maxIter", options.maxIter ?? 100, { integer: true, positive: true });
  const tol = checkNumber("computeNorm", "tol", options.tol ?? 1e-3, { min: 0 });
  return noGrad(() => {
    const start = resolveRng(options.rng).normal(x0.shape, x0);
    let x = start.div(start.square().sum().sqrt());
    let value = x.square().sum();
    let before = NaN;
    for (let i = 0; i < maxIter; i++) {
      const y = map(x);
      value = x.mul(y).sum();
      if (value.device === "cpu") {
        const now = value.itemSync();
        if (Math.abs(now - before) <= tol * Math.min(now, 1)) break;
        before = now;
      }
      // The constant avoids a division by zero where the operator is zero.
      x = y.div(y.square().sum().sqrt().add(1e-30));
    }
    return value;
  });
}
