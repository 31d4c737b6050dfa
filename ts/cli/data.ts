import { type Dataset, ImageFolder, PatchDataset, type Sample, UnclippedDataset } from "../data/index.js";
import { StackedPhysics } from "../physics/index.js";
import type { AnyPhysics } from "../train/index.js";
import type { DataConfig } from "./config.js";
import { UsageError } from "./errors.js";
import type { Place } from "./place.js";

/** The dataset to train on: images or measurements, whole or in patches. */
export async function trainingData(
  config: DataConfig,
  place: Place,
  batchSize: number,
  physics: AnyPhysics,
): Promise<Dataset> {
  const { train, holds, patch, patchesPerEpoch } = config;
  const images = await open(train, config);
  const dataset: Dataset = holds === "measurements" ? asMeasurements(images) : images;
  const samples =
    patch === undefined
      ? dataset
      : new PatchDataset({ dataset, size: patch, length: patchesPerEpoch ?? 100 * batchSize });
  // Image files clip noise at black and white: UnclippedDataset redraws what was clipped, where the noise is known.
  if (holds !== "measurements") return samples;
  if (physics instanceof StackedPhysics)
    throw new UsageError(
      `${place.key("holds")} is "measurements", but stacked physics measures several tensors per image; ` +
        'give "images", or one operator.',
      "invalid_argument",
    );
  const { noiseModel, operator } = physics;
  const known =
    ["denoising", "blur", "blurFFT"].includes(operator) && ["gaussian", "poisson", "gamma"].includes(noiseModel.kind);
  return known ? new UnclippedDataset({ dataset: samples, noiseModel }) : samples;
}

/** The dataset to evaluate on, if there is one. */
export async function evaluationData(config: DataConfig): Promise<Dataset | undefined> {
  return config.eval === undefined ? undefined : await open(config.eval, config);
}

/** A dataset, or the images of a folder. */
async function open(from: string | Dataset, { channels, size }: DataConfig): Promise<Dataset> {
  if (typeof from !== "string") return from;
  return await ImageFolder.open({
    path: from,
    ...(channels === undefined ? {} : { channels }),
    ...(size === undefined ? {} : { size }),
  });
}

/** Images as measurements; samples that hold measurements stay as they are. */
function asMeasurements(images: Dataset): Dataset {
  return {
    length: images.length,
    async get(index: number, options): Promise<Sample> {
      const sample = await images.get(index, options);
      if (sample.y !== undefined || sample.x === undefined) return sample;
      const { x, ...rest } = sample;
      return { ...rest, y: x };
    },
  };
}
