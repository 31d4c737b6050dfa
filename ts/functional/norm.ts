import { handleOf, operators, optionalHandle, Tensor, checkTensor } from "../tensor/index.js";
import { checkArguments } from "./options.js";

/** Options of {@link batchNorm}. */
export interface BatchNormArguments {
  /** Scale of each channel, `[C]`. Default: none. */
  weight?: Tensor | null;
  /** Shift of each channel, `[C]`. Default: none. */
  bias?: Tensor | null;
  /** Fixed mean of each channel, `[C]`. Default: the batch's own. */
  mean?: Tensor | null;
  /** Fixed variance of each channel, `[C]`. Default: the batch's own (biased). */
  variance?: Tensor | null;
  /** Added to the variance. Default: 1e-5. */
  eps?: number;
  /** Slope of a (leaky) ReLU applied in the same pass to what is below zero; 0 is ReLU. Default: 1. */
  negativeSlope?: number;
}

/**
 * `y = weight (x - mean) / sqrt(variance + eps) + bias` for each channel of `[B, C, ...]`.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`, `unknown_option`.
 */
export function batchNorm(x: Tensor, options: BatchNormArguments = {}): Tensor {
  const { y, mean, variance } = batchNormMoments(x, options);
  mean.dispose();
  variance.dispose();
  return y;
}

/** {@link batchNorm} with the mean and the (biased) variance that it used, `[C]` each, off the tape. */
export function batchNormMoments(
  x: Tensor,
  options: BatchNormArguments = {},
): { y: Tensor; mean: Tensor; variance: Tensor } {
  checkArguments("batchNorm", options, ["weight", "bias", "mean", "variance", "eps", "negativeSlope"]);
  const { weight, bias, mean: m, variance: v, eps = 1e-5, negativeSlope = 1 } = options;
  const [y, mean, variance] = operators.batchNorm(
    handleOf(x),
    optionalHandle(weight),
    optionalHandle(bias),
    optionalHandle(m),
    optionalHandle(v),
    eps,
    negativeSlope,
  );
  return { y: new Tensor(y), mean: new Tensor(mean), variance: new Tensor(variance) };
}

/** Options of {@link groupNorm}, {@link instanceNorm} and {@link layerNorm}. */
export interface GroupNormArguments {
  /** Scale of each channel, `[C]`. Default: none. */
  weight?: Tensor | null;
  /** Shift of each channel, `[C]`. Default: none. */
  bias?: Tensor | null;
  /** Added to the variance. Default: 1e-5. */
  eps?: number;
}

const GROUP_NORM_KEYS = ["weight", "bias", "eps"] as const;

/**
 * Normalises each group of channels of each image `[B, C, ...]` by its own mean and variance; `groups` divides `C`.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`, `unknown_option`.
 */
export function groupNorm(x: Tensor, groups: number, options: GroupNormArguments = {}): Tensor {
  checkArguments("groupNorm", options, GROUP_NORM_KEYS);
  return new Tensor(
    operators.groupNorm(
      handleOf(x),
      optionalHandle(options.weight),
      optionalHandle(options.bias),
      groups,
      options.eps ?? 1e-5,
    ),
  );
}

/**
 * Normalises each channel of each image `[B, C, ...]` by its own mean and variance.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`, `unknown_option`.
 */
export function instanceNorm(x: Tensor, options: GroupNormArguments = {}): Tensor {
  checkArguments("instanceNorm", options, GROUP_NORM_KEYS);
  return groupNorm(x, checkTensor("instanceNorm", "x", x).shape[1] ?? 1, options);
}

/**
 * Normalises the channels of each pixel of images `[B, C, ...]` by their own mean and variance.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`, `unknown_option`.
 */
export function layerNorm(x: Tensor, options: GroupNormArguments = {}): Tensor {
  checkArguments("layerNorm", options, GROUP_NORM_KEYS);
  return new Tensor(
    operators.layerNorm(handleOf(x), optionalHandle(options.weight), optionalHandle(options.bias), options.eps ?? 1e-5),
  );
}
