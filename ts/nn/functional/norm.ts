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
}

/** y = weight (x - mean) / sqrt(variance + eps) + bias for each channel. Shape [B,C,...]. */
export function batchNorm(x: Tensor, options: BatchNormArguments = {}): Tensor {
  return ops.batchNorm(x, options.weight ?? null, options.bias ?? null, options.mean ?? null, options.variance ?? null, options.eps ?? 1e-5);
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

/** Normalises each group of channels of each image by its own mean and variance. Shape [B,C,...], C divisible by `groups`. */
export function groupNorm(x: Tensor, groups: number, options: GroupNormArguments = {}): Tensor {
  return ops.groupNorm(x, options.weight ?? null, options.bias ?? null, groups, options.eps ?? 1e-5);
}

/** Normalises each channel of each image by its own mean and variance. Shape [B,C,...]. */
export function instanceNorm(x: Tensor, options: GroupNormArguments = {}): Tensor {
  return groupNorm(x, x.shape[1] ?? 1, options);
}
