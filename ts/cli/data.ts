import {
  type Dataset,
  ImageFolder,
  type Measurement,
  PatchDataset,
  type Sample,
  UnclippedDataset,
} from "../data/index.js";
import { StackedPhysics } from "../physics/index.js";
import type { AnyPhysics, OneOrMore } from "../train/index.js";
import type { DataConfig } from "./config.js";
import { UsageError } from "./errors.js";
import { type Place, placed } from "./place.js";

/** Samples that may hold the measurements of stacked physics. */
type AnyDataset = Dataset<Measurement>;

/** The datasets to train on: images or measurements, whole or in patches. */
export async function trainingData(
  config: DataConfig,
  place: Place,
  batchSize: number,
  physics: OneOrMore<AnyPhysics>,
): Promise<readonly AnyDataset[]> {
  const operators = list(physics);
  const datasets: AnyDataset[] = [];
  for (const [i, from] of list(config.train).entries()) {
    const operator = operators[Math.min(i, operators.length - 1)] as AnyPhysics;
    datasets.push(cut(await open(from, config, place.key("train")), config, place, batchSize, operator));
  }
  return datasets;
}

/** One where there is one. */
export function oneOf<T>(values: readonly T[]): OneOrMore<T> {
  return values.length === 1 ? (values[0] as T) : values;
}

/** Patches of a dataset; with measurements in the place of images where it holds some. */
function cut(
  images: AnyDataset,
  { holds, patch, patchesPerEpoch }: DataConfig,
  place: Place,
  batchSize: number,
  physics: AnyPhysics,
): AnyDataset {
  const dataset = holds === "measurements" ? asMeasurements(images) : images;
  const length = patchesPerEpoch ?? 100 * batchSize;
  const samples =
    patch === undefined ? dataset : new PatchDataset({ dataset: dataset as Dataset, size: patch, length });
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
  return known ? new UnclippedDataset({ dataset: samples as Dataset, noiseModel }) : samples;
}

/** The datasets to evaluate on. */
export async function evaluationData(config: DataConfig, place: Place): Promise<readonly AnyDataset[]> {
  const datasets: AnyDataset[] = [];
  for (const from of list(config.eval)) datasets.push(await open(from, config, place.key("eval")));
  return datasets;
}

/** A dataset, or the images of a folder. */
async function open(from: string | AnyDataset, { channels, size }: DataConfig, place: Place): Promise<AnyDataset> {
  if (typeof from !== "string") return from;
  try {
    return await ImageFolder.open({
      path: from,
      ...(channels === undefined ? {} : { channels }),
      ...(size === undefined ? {} : { size }),
    });
  } catch (error) {
    throw placed(place, error);
  }
}

/** The entries of what is one, several or missing. */
export function list<T>(value: OneOrMore<T> | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/** Images as measurements; samples that hold measurements stay as they are. */
function asMeasurements(images: AnyDataset): AnyDataset {
  return {
    length: images.length,
    async get(index: number, options): Promise<Sample<Measurement>> {
      const sample = await images.get(index, options);
      if (sample.y !== undefined || sample.x === undefined) return sample;
      const { x, ...rest } = sample;
      return { ...rest, y: x };
    },
  };
}
