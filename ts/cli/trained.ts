import { dirname, relative, resolve, sep } from "node:path";
import type { Dataset, Measurement } from "../data/index.js";
import { Normalized } from "../data/index.js";
import type { Reconstructor } from "../nn/index.js";
import { Rng } from "../random/index.js";
import type { AnyPhysics, WeightedLoss } from "../train/index.js";
import { isObject } from "./alternative.js";
import type { Reading } from "./applied-image.js";
import { buildParts, loadWeights } from "./build.js";
import { checkConfig, readConfig, type WrittenConfig } from "./check-config.js";
import { list } from "./data.js";
import { UsageError } from "./errors.js";
import { configFolder } from "./paths.js";
import { Place } from "./place.js";

/** What a file of weights says of its training in its metadata, so that the network can be applied without more. */
export interface Training {
  readonly version: 1;
  /** Network, physics and losses, as the configuration has them. */
  readonly config: Pick<WrittenConfig, "model" | "physics"> & { readonly losses?: unknown };
  /** The folder of the configuration as seen from that of the weights; files are named relative to it. */
  readonly folder: string;
  /** The seed of the training, from which masks and filters are drawn. */
  readonly seed: number;
  /** How the training images were read. */
  readonly reading: Reading;
  /** Whether the data were measurements, whose clipped values were drawn anew. */
  readonly measurements: boolean;
  /** What the data were divided by; null where it is not known. */
  readonly scale: number | "sample" | null;
  /** Whether the noise levels of the physics are in the unit of the data, before the division. */
  readonly scaleLevels: boolean;
}

/** Key of a {@link Training} in the metadata of a file. */
const KEY = "adjoint.training";

/** What is to be known of a training to apply its network. `dataset` is the first that it trained on, if it is made. */
export async function describeTraining(
  config: WrittenConfig,
  { folder, seed, dataset }: { folder: string; seed: number; dataset?: Dataset<Measurement> | string | undefined },
): Promise<Training> {
  const { model, physics, losses } = config;
  const data = config["data"] as Readonly<Record<string, unknown>>;
  const [train] = list(data["train"]) as readonly unknown[];
  const chain = [...datasetsIn(train)];
  const normalized = chain.find(({ name }) => name === "Normalized");
  const images = chain.find(({ name }) => name === "ImageFolder" || name === "MeasurementFolder") ?? data;
  // The samples of an HDF5Dataset are multiplied by its scale.
  const { scale: factor = 1 } = chain.find(({ name }) => name === "HDF5Dataset") ?? {};
  let scale: Training["scale"] = 1;
  if (normalized) scale = (normalized["by"] ?? "dataset") as Training["scale"];
  if (scale !== "sample" && typeof scale !== "number") {
    scale = dataset instanceof Normalized ? await dataset.fit() : null;
  }
  return {
    version: 1,
    config: { model, physics, ...(losses === undefined ? {} : { losses }) },
    folder: folder.split(sep).join("/"),
    seed,
    reading: {
      channels: (images["channels"] ?? "auto") as NonNullable<Reading["channels"]>,
      scale: (images === data ? "type" : (images["scale"] ?? "type")) as NonNullable<Reading["scale"]>,
    },
    measurements: data["holds"] === "measurements",
    scale: typeof scale === "number" ? scale / (factor as number) : scale,
    scaleLevels: normalized?.["physics"] !== undefined,
  };
}

/** A dataset of a configuration, and those inside it. */
function* datasetsIn(given: unknown): Generator<Readonly<Record<string, unknown>>> {
  let value = given;
  while (isObject(value)) {
    yield value;
    value = value["dataset"];
  }
}

/** The metadata of a file of weights. */
export function trainingMetadata(training: Training): Record<string, string> {
  return { [KEY]: JSON.stringify(training) };
}

/**
 * What a file of weights says of its training, or the configuration that is given in its place.
 *
 * @throws UsageError `missing_argument` where neither is there.
 */
export async function readTraining(
  weights: string,
  given: {
    readonly config?: string | undefined;
    readonly seed: number;
    /** That of the file of weights, where it is read. */
    readonly metadata?: Readonly<Record<string, string>>;
  },
): Promise<{ training: Training; place: Place; folder: string }> {
  if (given.config !== undefined) {
    const folder = configFolder(given.config);
    const training = await describeTraining(await readConfig(given.config), { folder, seed: given.seed });
    return { training, place: new Place(given.config), folder };
  }
  const training = savedTraining(given.metadata ?? {});
  if (!training) {
    throw new UsageError(
      `${weights}: the file does not say of which network its weights are, as those do that adjoint train writes; ` +
        "give the configuration that it was trained with, --config config.json.",
      "missing_argument",
    );
  }
  const folder = resolve(dirname(weights), training.folder);
  return { training, place: new Place(weights), folder };
}

function savedTraining({ [KEY]: text }: Readonly<Record<string, string>>): Training | undefined {
  if (text === undefined) return undefined;
  try {
    const training = JSON.parse(text) as Partial<Training>;
    return training.version === 1 && isObject(training.config) ? (training as Training) : undefined;
  } catch {
    return undefined;
  }
}

/** The trained network, adapted by its losses, and the physics. */
export interface TrainedNetwork {
  readonly model: Reconstructor;
  readonly physics: readonly AnyPhysics[];
  /** Class of the network. */
  readonly name: string;
}

/** Makes network and physics as the training did, and loads the weights. */
export async function buildTrained(
  weights: string,
  { training, place, folder }: Awaited<ReturnType<typeof readTraining>>,
): Promise<TrainedNetwork> {
  // The data are not opened.
  const config = checkConfig({ losses: ["MCLoss"], ...training.config, data: { train: "." } }, place.toString());
  const parts = await buildParts(config, new Rng(training.seed).fork(), place, folder);
  await loadWeights(parts.model, weights, new Place(weights));
  const [first] = parts.losses;
  const losses = Array.isArray(first) ? first : parts.losses;
  const model = (losses as readonly WeightedLoss[]).reduce<Reconstructor>(
    (inner, { loss }) => loss.adaptModel(inner),
    parts.model,
  );
  return { model, physics: list(parts.physics), name: parts.model.constructor.name };
}

/** The path from the folder of the weights to that of the configuration. */
export function folderFrom(weightsFolder: string, configPath: string): string {
  return relative(resolve(weightsFolder), resolve(configFolder(configPath))) || ".";
}
