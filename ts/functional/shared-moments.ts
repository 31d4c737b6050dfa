import type { Tensor } from "../tensor/index.js";

/** What a batch norm normalises with where its batch is a part of a larger one. */
export interface SharedMoments {
  /** The values of the part. */
  readonly x: Tensor;
  /** Mean of each channel over all parts, `[C]`. */
  readonly mean: Tensor;
  /** Biased variance of each channel over all parts, `[C]`. */
  readonly variance: Tensor;
  /** Values of a channel in all parts. */
  readonly count: number;
}

/** Gives the moments for a call of a layer in training mode. */
type MomentSource = (layer: object, x: Tensor) => SharedMoments;

let source: MomentSource | undefined;

/** Runs `fn`, in which batch norms in training mode take their moments from `given`. */
export function withSharedMoments<T>(given: MomentSource, fn: () => T): T {
  const before = source;
  source = given;
  try {
    return fn();
  } finally {
    source = before;
  }
}

/** The moments for a call of a layer in training mode; `undefined` where it takes those of its own batch. */
export function sharedMoments(layer: object, x: Tensor): SharedMoments | undefined {
  return source?.(layer, x);
}
