/** Operators as functions, with PyTorch's defaults. */
export { elu, gelu, leakyRelu, relu, sigmoid, silu, softmax, softplus, tanh } from "./activation.js";
export type { PadMode, Size2 } from "./common.js";
export { conv2d, convTranspose2d, linear, unfold } from "./conv.js";
export type { Conv2dArguments, ConvTranspose2dArguments } from "./conv.js";
export { fft2, ifft2 } from "./fft.js";
export type { FftArguments } from "./fft.js";
export { batchNorm, groupNorm, instanceNorm } from "./norm.js";
export type { BatchNormArguments, GroupNormArguments } from "./norm.js";
export { pad } from "./pad.js";
export { adaptiveAvgPool2d, avgPool2d, maxPool2d } from "./pool.js";
export type { PoolArguments } from "./pool.js";
export { gridSample, interpolate, pixelShuffle, pixelUnshuffle } from "./resample.js";
export type { GridSampleArguments, InterpolateArguments } from "./resample.js";
