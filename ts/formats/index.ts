/** Readers of files by format. Libraries that a format needs are loaded when a file of it is first read. */
export type { ArrayFile, ArrayRequest } from "./array.js";
export { readDicomSeries } from "./dicom-series.js";
export { type ArrayData, decodeElements, elementSize, type ElementType } from "./elements.js";
export { type Hdf5Array, Hdf5File } from "./hdf5-file.js";
export { encodeFits } from "./fits.js";
export { encodeNifti, type NiftiOptions } from "./nifti.js";
export { encodeNpy } from "./npy.js";
export { readArrayFile } from "./read-array.js";
export type { AxisSlice, Slice } from "./selection.js";
export { blobSource, bytesSource, type ByteSource, readHead, readRange } from "./source.js";
export { isLegacyTorch, readTorch, type TorchOptions, type WeightArray } from "./torch.js";
export { readZarr, type ZarrStore } from "./zarr.js";
