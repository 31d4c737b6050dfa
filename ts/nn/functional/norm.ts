import { ops } from "../../tensor/index.js";
import type { Tensor } from "../../tensor/index.js";

/** Options of {@link batchNorm}. */
export interface BatchNormArguments {
  /** Scale of each channel [C]; default none. */
  weight?: Tensor | null;
  /** Shift of each channel [C]; default none. */
  bias?: Tensor | null;
  /** Fixed mean of each channel [C]; default the batch's own. */
  mean?: Tensor | null;
  /** Fixed variance of each channel [C]; default the batch's own (biased). */
  variance?: Tensor | null;
  /** Added to the variance; default 1e-5. */
  eps?: number;
  /** A (leaky) rectifier in the same pass: what is below zero is multiplied by this; 0 is ReLU, default 1. */
  negativeSlope?: number;
}

/** y = weight (x - mean) / sqrt(variance + eps) + bias for each channel. Shape [B,C,...]. */
export function batchNorm(x: Tensor, options: BatchNormArguments = {}): Tensor {
  const { y, mean, variance } = batchNormMoments(x, options);
  mean.dispose();
  variance.dispose();
  return y;
}

/** {@link batchNorm} with the mean and the (biased) variance that it used, [C] each, off the tape. */
export function batchNormMoments(
  x: Tensor,
  options: BatchNormArguments,
): { y: Tensor; mean: Tensor; variance: Tensor } {
  const { weight, bias, mean: m, variance: v, eps = 1e-5, negativeSlope = 1 } = options;
  const [y, mean, variance] = ops.batchNormActivated(x, weight, bias, m, v, eps, negativeSlope) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  return { y, mean, variance };
}

/** Options of {@link groupNorm} and {@link instanceNorm}. */
export interface GroupNormArguments {
  /** Scale of each channel [C]; default none. */
  weight?: Tensor | null;
  /** Shift of each channel [C]; default none. */
  bias?: Tensor | null;
  /** Added to the variance; default 1e-5. */
  eps?: number;
}

/**
 * Normalises each group of channels of each image by its own mean and variance. Shape [B,C,...], C divisible by
 * `groups`.
 */
export function groupNorm(x: Tensor, groups: number, options: GroupNormArguments = {}): Tensor {
  return ops.groupNorm(x, options.weight ?? null, options.bias ?? null, groups, options.eps ?? 1e-5);
}

/** Normalises each channel of each image by its own mean and variance. Shape [B,C,...]. */
export function instanceNorm(x: Tensor, options: GroupNormArguments = {}): Tensor {
  return groupNorm(x, x.shape[1] ?? 1, options);
}
