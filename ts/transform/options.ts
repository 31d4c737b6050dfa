import type { RandomSource } from "../random/index.js";
import type { Tensor } from "../tensor/index.js";
import type { ParamEntry } from "./params.js";

/** Options that every transform takes. */
export interface TransformOptions {
  /** Number of transformed versions of each image. Default: 1. */
  nTrans?: number;
  /** Random source, unless a call has its own. */
  rng?: RandomSource;
  /**
   * Whether the transformed images have the size of the input, cropped or padded as needed. It matters to `Rotate`.
   * Default: true.
   */
  constantShape?: boolean;
  /**
   * Whether all frames of a video `[B, C, T, H, W]` are transformed alike, as channels of one image. Default: true.
   */
  flattenVideoInput?: boolean;
}

/** Images or videos that parameters are drawn for; only their shape matters. */
export type ImageLike = Pick<Tensor, "shape">;

/** Options of one random transformation: a random source, or parameters instead of random ones. */
export interface ForwardOptions {
  /** Random source of this call, in place of the one given to the constructor. */
  rng?: RandomSource | undefined;
  /** A parameter, such as `theta`. */
  [parameter: string]: readonly ParamEntry[] | Tensor | RandomSource | undefined;
}

/** Options of `Transform.inverse`. */
export interface InverseOptions {
  /**
   * Whether each image is transformed back by each of the `nTrans` transforms. With false, the images are the output of
   * `transform`, and each is transformed back by the transform that it comes from. Default: true.
   */
  batchwise?: boolean;
  /** Random source of the parameters, where none are given. */
  rng?: RandomSource | undefined;
}

/** Options of `Transform.symmetrize`. */
export interface SymmetrizeOptions {
  /**
   * Whether to average over the transforms, which gives as many images as went in. Otherwise the results of the
   * transforms follow each other in the batch. Default: false.
   */
  average?: boolean;
  /**
   * Whether to evaluate the function once for all transforms, which takes more memory than once each. Default: true.
   */
  collateBatch?: boolean;
  /** Random source, in place of the one given to the constructor. */
  rng?: RandomSource;
}
