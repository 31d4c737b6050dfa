/** Files: weights, safetensors, images, JSON, and atomic writing. */
export { addressOf, download, type DownloadOptions, downloadOptions } from "./download.js";
export { appendFile, writeFileAtomic } from "./atomic.js";
export { fileError, readBytes, readJson, readText } from "./files.js";
export type {
  ArrayData,
  ArrayFile,
  AxisSlice,
  ElementType,
  ImageMetadata,
  PixelSize,
  SampleType,
  Slice,
} from "../formats/index.js";
export { exportOnnx } from "./export-onnx.js";
export type { ExportableModel, ExportOnnxOptions } from "./exportable.js";
export { withLocks } from "./locks.js";
export { cartesianKspace } from "./kspace.js";
export { ImageReader } from "./image-reader.js";
export {
  countPages,
  decodePixels,
  type ImageInfo,
  type ImagePixels,
  type ImageStack,
  type Pixels,
  readImage,
  type ReadImageOptions,
  readPixels,
} from "./image.js";
export type { AwaitedPage } from "./page-ahead.js";
export { PageReader, type PagePlace, type PageValues } from "./page-reader.js";
export { readAhead } from "./reader-pool.js";
export { Hdf5Reader } from "./hdf5-reader.js";
export { arrayTensor, readArray, type ReadArrayOptions } from "./read-array.js";
export { encodeArray, type WritableArray, writeArray, type WriteArrayOptions } from "./write-array.js";
export { readWeightArrays, readWeights, type ReadWeightsOptions } from "./read-weights.js";
export {
  parseSafetensors,
  parseSafetensorsFile,
  readSafetensors,
  readSafetensorsFile,
  type SafetensorsFile,
  type SafetensorsOptions,
  serializeSafetensors,
  type TensorRecord,
  writeSafetensors,
  type WriteSafetensorsOptions,
} from "./safetensors.js";
export { type FileSource, wrapErrors } from "./source.js";
export {
  encodePng,
  encodeTiffImage as encodeTiff,
  writeImage,
  type WriteImageOptions,
  type WriteReport,
} from "./write-image.js";
