/** Layers, with PyTorch's names, defaults and state names. */
export { ELU, GELU, Identity, LeakyReLU, ReLU, Sigmoid, SiLU, Softplus, Tanh } from "./activation.js";
export { BatchNorm2d } from "./batch-norm2d.js";
export type { BatchNorm2dOptions } from "./batch-norm2d.js";
export { BFBatchNorm2d } from "./bf-batch-norm2d.js";
export type { BFBatchNorm2dOptions } from "./bf-batch-norm2d.js";
export { Conv2d } from "./conv2d.js";
export type { Conv2dOptions } from "./conv2d.js";
export { ConvTranspose2d } from "./conv-transpose2d.js";
export type { ConvTranspose2dOptions } from "./conv-transpose2d.js";
export { GroupNorm } from "./group-norm.js";
export type { GroupNormOptions } from "./group-norm.js";
export { InstanceNorm2d } from "./instance-norm2d.js";
export type { InstanceNorm2dOptions } from "./instance-norm2d.js";
export { Linear } from "./linear.js";
export type { LinearOptions } from "./linear.js";
export { AdaptiveAvgPool2d, AvgPool2d, MaxPool2d } from "./pooling.js";
export { Flatten, PixelShuffle, PixelUnshuffle, Upsample } from "./resample.js";
export { Sequential } from "./sequential.js";
