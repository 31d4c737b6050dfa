/** Functions on tensors with named options: the operators of images, and what metrics, physics and losses share. */
export { elu, gelu, leakyRelu, relu, sigmoid, silu, softmax, softplus, tanh } from "./activation.js";
export { adamStep } from "./adam-step.js";
export type { AdamState, AdamStepArguments } from "./adam-step.js";
export { clipFactor } from "./clip-factor.js";
export { conv2d, convTranspose2d, unfold } from "./conv.js";
export type { Conv2dArguments, ConvTranspose2dArguments, UnfoldArguments } from "./conv.js";
export { convolve, convolveAdjoint, wrapFilter } from "./convolution.js";
export type { ConvolveAdjointArguments, ConvolveArguments } from "./convolution.js";
export { EPSILON } from "./epsilon.js";
export { fft2, ifft2 } from "./fft.js";
export type { FftArguments } from "./fft.js";
export {
  centredFft,
  complexMul,
  fourierFilter,
  fromHalfSpectrum,
  fromSpectrum,
  halfSpectrum,
  spectrum,
} from "./fourier.js";
export type { ConjugateArguments } from "./fourier.js";
export { PADDINGS, padImages, padImagesAdjoint, sameWidths } from "./image-padding.js";
export type { Padding, Widths } from "./image-padding.js";
export { lerp } from "./lerp.js";
export type { LerpPair } from "./lerp.js";
export { linear } from "./linear.js";
export type { LinearArguments } from "./linear.js";
export { nonLocal } from "./non-local.js";
export type { NonLocalArguments } from "./non-local.js";
export { batchNorm, batchNormMoments, groupNorm, instanceNorm, layerNorm } from "./norm.js";
export type { BatchNormArguments, GroupNormArguments } from "./norm.js";
export { type SharedMoments, sharedMoments, withSharedMoments } from "./shared-moments.js";
export { pair } from "./options.js";
export type { Size2 } from "./options.js";
export { pad } from "./pad.js";
export type { PadArguments } from "./pad.js";
export { drawPerImage, matching, perImage } from "./per-image.js";
export type { Level } from "./per-image.js";
export { adaptiveAvgPool2d, avgPool2d, maxPool2d } from "./pool.js";
export type { AvgPoolArguments, MaxPoolArguments, PoolArguments } from "./pool.js";
export { radon, radonDetectors, radonTranspose } from "./radon.js";
export type { RadonArguments, RadonTransposeArguments } from "./radon.js";
export {
  distance,
  dot,
  flattenImages,
  imageDims,
  meanDistance,
  meanPerImage,
  meanSquare,
  variation,
} from "./reduce.js";
export type { DistanceArguments, DotArguments, VariationArguments } from "./reduce.js";
export { gridSample, interpolate, interpolation, pixelShuffle, pixelUnshuffle } from "./resample.js";
export type { GridSampleArguments, InterpolateArguments } from "./resample.js";
export { magnitude, safeSqrt } from "./safe-sqrt.js";
export { interpolations, outsides } from "../tensor/index.js";
export type { Interpolation, Outside } from "../tensor/index.js";
export { unscale } from "./unscale.js";
export { warp } from "./warp.js";
export type { Matrix3, WarpArguments } from "./warp.js";
