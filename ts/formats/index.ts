/** Readers of files by format. Libraries that a format needs are loaded when a file of it is first read. */
export { type ArrayData, decodeElements, elementSize, type ElementType, memorySize } from "./elements.js";
export { invalid, tooLarge, unsupported } from "./fail.js";
export { blobSource, bytesSource, type ByteSource, readHead, readRange } from "./source.js";
export { isLegacyTorch, readTorch, type TorchOptions, type WeightArray } from "./torch.js";
