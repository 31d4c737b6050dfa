/** Readers and writers of files of the field; heavy libraries are loaded when they are first needed. */
export { type Channels, type Plane, toPlane } from "./convert.js";
export { type DetectedFormat, detectFormat, detectionLength } from "./detect.js";
export { checkPixels } from "./faults.js";
export { openImageFile } from "./image-file.js";
export { encodePng, type PngImage } from "./png-write.js";
export {
  type ImageFile,
  type ImageMetadata,
  largestValue,
  type PixelSize,
  type Raster,
  type SampleType,
} from "./raster.js";
export { blobSource, bytesSource, type ByteSource, readHead, readRange } from "./source.js";
export { isWritten, type Quantised, quantise, type WrittenSample } from "./quantise.js";
export { encodeTiff } from "./tiff/index.js";
