/** Random transforms of images, most of them invertible, and combinations of them. */
export { Transform } from "./transform.js";
export type { ForwardOptions, ImageLike, InverseOptions, SymmetrizeOptions, TransformOptions } from "./options.js";
export type { CheckedParams, ParamEntry, TransformParams } from "./params.js";
export type { Interpolation, Outside } from "../functional/index.js";
export { Identity } from "./identity.js";
export { Shift, type ShiftOptions } from "./shift.js";
export { Rotate, type RotateOptions } from "./rotate.js";
export { Reflect, type ReflectOptions } from "./reflect.js";
export { Scale, type ScaleOptions } from "./scale.js";
export { Homography, type HomographyLimit, type HomographyOptions, type ProjectiveOptions } from "./homography.js";
export { Affine, type AffineOptions } from "./affine.js";
export { Similarity, type SimilarityOptions } from "./similarity.js";
export { Euclidean, type EuclideanOptions } from "./euclidean.js";
export { PanTiltRotate, type PanTiltRotateOptions } from "./pan-tilt-rotate.js";
export { RandomNoise, type RandomNoiseOptions } from "./random-noise.js";
export { RandomPhaseError, type RandomPhaseErrorOptions } from "./random-phase-error.js";
