import { handleOf, operators, Tensor } from "../tensor/index.js";
import { checkArguments } from "./options.js";

/** Options of {@link dot}. */
export interface DotArguments {
  /** Number of leading dimensions that are kept. Default: 1, one value for each image of a batch. */
  batchDims?: number;
}

/** Options of {@link distance}. */
export interface DistanceArguments extends DotArguments {
  /** The exponent. Default: 2. */
  p?: number;
}

/** Options of {@link variation}. */
export interface VariationArguments extends DotArguments {
  /** The dimension along which neighbours are compared. */
  dim: number;
}

/** Every dimension of `t` but the batch dimension. */
export function imageDims(t: Tensor): number[] {
  return t.shape.slice(1).map((_, i) => i + 1);
}

/** One row of numbers per image: `[B, ...]` to `[B, n]`. */
export function flattenImages(x: Tensor): Tensor {
  return x.reshape([x.shape[0] ?? 1, entriesPerImage(x)]);
}

/** Mean over every dimension but the batch: `[B, ...]` to `[B]`. */
export function meanPerImage(x: Tensor): Tensor {
  return flattenImages(x).mean(1);
}

/**
 * `sum |a - b|^p` over every dimension but the leading `batchDims`, for tensors of one shape.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`, `unknown_option`.
 */
export function distance(a: Tensor, b: Tensor, options: DistanceArguments = {}): Tensor {
  checkArguments("distance", options, ["p", "batchDims"]);
  return new Tensor(operators.distance(handleOf(a), handleOf(b), options.batchDims ?? 1, options.p ?? 2));
}

/**
 * `sum a b` over every dimension but the leading `batchDims`, for tensors of one shape.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`, `unknown_option`.
 */
export function dot(a: Tensor, b: Tensor, options: DotArguments = {}): Tensor {
  checkArguments("dot", options, ["batchDims"]);
  return new Tensor(operators.dot(handleOf(a), handleOf(b), options.batchDims ?? 1));
}

/**
 * `sum (x[i + 1] - x[i])^2` of neighbours along `dim`, over every dimension but the leading `batchDims`.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`, `unknown_option`.
 */
export function variation(x: Tensor, options: VariationArguments): Tensor {
  checkArguments("variation", options, ["dim", "batchDims"]);
  return new Tensor(operators.variation(handleOf(x), options.dim, options.batchDims ?? 1));
}

/** Mean of `|a - b|^p` over every dimension but the batch, for tensors of one shape: `[B]`. */
export function meanDistance(a: Tensor, b: Tensor, p: number): Tensor {
  const entries = entriesPerImage(a);
  // The mean of no entries is an error, which mean raises.
  return entries === 0 ? meanPerImage(a) : distance(a, b, { p }).mul(1 / entries);
}

/** Mean of the squares over every dimension but the batch: `[B, ...]` to `[B]`. */
export function meanSquare(x: Tensor): Tensor {
  const entries = entriesPerImage(x);
  return entries === 0 ? meanPerImage(x) : dot(x, x).mul(1 / entries);
}

function entriesPerImage(x: Tensor): number {
  return x.shape.slice(1).reduce((product, size) => product * size, 1);
}
