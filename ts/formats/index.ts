/** Readers and writers of files by format. Libraries that a format needs are loaded when a file of it is first read. */
export type { ArrayFile, ArrayRequest } from "./array.js";
export { joinBytes } from "./bytes.js";
export { type Channels, type Plane, toPlane } from "./convert.js";
export { crc32c } from "./crc32c.js";
export { type DetectedFormat, detectFormat, detectionLength } from "./detect.js";
export { readDicomSeries } from "./dicom-series.js";
export { type ArrayData, decodeElements, elementSize, type ElementType, memorySize } from "./elements.js";
export { invalid, tooLarge, unsupported } from "./fail.js";
export { encodeFits } from "./fits.js";
export { type Hdf5Array, Hdf5File } from "./hdf5-file.js";
export { encodeFloats, type FloatType } from "./half.js";
export { gzip } from "./inflate.js";
export { sortAcquisitions } from "./kspace.js";
export {
  encodeOnnx,
  type OnnxAttribute,
  type OnnxConstant,
  type OnnxModel,
  type OnnxNode,
  type OnnxValue,
} from "./onnx.js";
export { checkPixels } from "./image-faults.js";
export { imageFormat, openImageFile } from "./image-file.js";
export { encodeNifti, type NiftiOptions } from "./nifti.js";
export { encodeNpy } from "./npy.js";
export { encodePng, type PngImage } from "./png-write.js";
export { isWritten, type Quantised, quantise, type WrittenSample } from "./quantise.js";
export {
  type ImageFile,
  type ImageMetadata,
  largestValue,
  type PixelSize,
  type Raster,
  type SampleType,
} from "./raster.js";
export { readArrayFile } from "./read-array.js";
export type { AxisSlice, Slice } from "./selection.js";
export { blobSource, bytesSource, type ByteSource, readHead, readRange } from "./source.js";
export { encodeTiff } from "./tiff/index.js";
export { isLegacyTorch, readTorch, type TorchOptions, type WeightArray } from "./torch.js";
export { readZarr, type ZarrStore } from "./zarr.js";
