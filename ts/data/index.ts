/** Training data: datasets, patches, image folders, batches. */
export { checkSample, DataCheck, type DataSource } from "./check-sample.js";
export { checkPixels } from "./check-pixels.js";
export { cutPixels } from "./crop.js";
export { type Batch, collate, DataLoader, type DataLoaderOptions, type LoaderState } from "./data-loader.js";
export {
  type Dataset,
  type DatasetOf,
  disposeSample,
  type GetOptions,
  mapSample,
  type Measurement,
  type MeasurementSample,
  type PrefetchOptions,
  type Sample,
  type SampleOf,
  sampleTensors,
} from "./dataset.js";
export { type EstimableNoise, estimateNoise } from "./estimate-noise.js";
export { HDF5Dataset, type HDF5DatasetOptions } from "./hdf5-dataset.js";
export { ImageFolder, type ImageFolderOptions, type LeftOut } from "./image-folder.js";
export { MeasuredDataset, type MeasuredDatasetOptions } from "./measured-dataset.js";
export { MeasurementFolder } from "./measurement-folder.js";
export { Normalized, type NormalizedOptions } from "./normalized.js";
export { NoisyPatches } from "./noisy-patches.js";
export { pixelsInTurn } from "./pixels-in-turn.js";
export { PatchDataset, type PatchDatasetOptions } from "./patch-dataset.js";
export { robustRange, type RobustRange, robustScale, type RobustScale, unitRange } from "./robust-scale.js";
export { TensorDataset, type TensorDatasetOptions } from "./tensor-dataset.js";
export type { ClippedNoise } from "./clipped-normal.js";
export {
  clippedNoise,
  unclip,
  UnclippedDataset,
  type UnclippedDatasetOptions,
} from "./unclipped.js";
export { restoreByTiles, type TileOptions } from "./tiles.js";
