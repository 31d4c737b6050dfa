/** Training data: datasets, patches, image folders, batches. */
export { cutPixels } from "./crop.js";
export { type Batch, collate, DataLoader, type DataLoaderOptions, type LoaderState } from "./data-loader.js";
export { type Dataset, disposeSample, type GetOptions, mapSample, type Sample, sampleTensors } from "./dataset.js";
export { type EstimableNoise, estimateNoise } from "./estimate-noise.js";
export { HDF5Dataset, type HDF5DatasetOptions } from "./hdf5-dataset.js";
export { ImageFolder, type ImageFolderOptions } from "./image-folder.js";
export { NoisyPatches } from "./noisy-patches.js";
export { PatchDataset, type PatchDatasetOptions } from "./patch-dataset.js";
export { TensorDataset, type TensorDatasetOptions } from "./tensor-dataset.js";
export {
  clippedNoise,
  type ClippedNoise,
  unclip,
  UnclippedDataset,
  type UnclippedDatasetOptions,
} from "./unclipped.js";
