import type { Loss } from "../loss/index.js";
import type { Metric } from "../metric/index.js";
import { type Layer, loadPretrained, type Reconstructor } from "../nn/index.js";
import type { Optimizer, Schedule } from "../optim/index.js";
import type { RandomSource } from "../random/index.js";
import type { AnyPhysics, OneOrMore, WeightedLoss } from "../train/index.js";
import { configOptions } from "./classes.generated.js";
import type { WrittenConfig } from "./check-config.js";
import type { Config, DataConfig } from "./config.js";
import { list } from "./data.js";
import { UsageError } from "./errors.js";
import { type Context, make } from "./make.js";
import type { OptionEntry } from "./option-type.js";
import { type Place, placed } from "./place.js";

/** The parts of a training, made from a configuration. */
export interface Parts {
  readonly model: Reconstructor;
  readonly physics: OneOrMore<AnyPhysics>;
  /** The losses, or a list of them for each data set. */
  readonly losses: readonly WeightedLoss[] | readonly (readonly WeightedLoss[])[];
  readonly optimizer: Optimizer;
  readonly schedule?: Schedule;
  readonly metrics: readonly Metric[];
  /** The discriminator and what belongs to it, of an adversarial training. */
  readonly adversarial?: Adversarial;
  /** All other options of the trainer, as they are given. */
  readonly further: Omit<Config, PartKey>;
}

/** The discriminator of an adversarial training. */
export interface Adversarial {
  readonly D: Layer;
  readonly lossesD: readonly WeightedLoss[];
  readonly optimizerD: Optimizer;
  readonly scheduleD?: Schedule;
}

const partKeys = [
  "$schema",
  "data",
  "model",
  "weights",
  "physics",
  "losses",
  "optimizer",
  "schedule",
  "metrics",
  "D",
  "lossesD",
  "optimizerD",
  "scheduleD",
] as const;
type PartKey = (typeof partKeys)[number];

/**
 * Constructs everything that a configuration names, but the data. Initial weights are drawn from `rng`, and masks and
 * filters, those of losses too, from forks of it, so that they depend on the seed alone.
 *
 * @throws The errors of the classes, with the place in the configuration before the message.
 */
export async function buildParts(config: WrittenConfig, rng: RandomSource, place: Place, folder = "."): Promise<Parts> {
  /** Makes the value of a key, or of `fallback` where the configuration has none. */
  async function part<T>(key: string, context: Omit<Context, "folder">, fallback?: unknown): Promise<T> {
    const value = config[key] ?? fallback;
    if (value === undefined) return undefined as T;
    const { type } = configOptions[key] as OptionEntry;
    return (await make(value, type, place.key(key), { ...context, folder })) as T;
  }
  const { maxPixel = 1 } = config["data"] as { readonly maxPixel?: number };
  const model = await part<Reconstructor>("model", { rng });
  const weights = await part<string | undefined>("weights", {});
  if (weights !== undefined) await loadWeights(model, weights, place.key("weights"));
  const optimizer = await part<Optimizer>("optimizer", { on: model.parameters() }, "Adam");
  const schedule = await part<Schedule | undefined>("schedule", { on: optimizer });
  const physics = await part<OneOrMore<AnyPhysics>>("physics", { rng: rng.fork() });
  const losses = lossLists(await part("losses", { rng: rng.fork() }));
  const metrics = await part<readonly Metric[]>("metrics", {}, [{ name: "PSNR", maxPixel }]);
  const adversarial = isAdversarial(config, place) ? await discriminator(part, rng) : undefined;
  const further: Record<string, unknown> = {};
  for (const key of Object.keys(config))
    if (!(partKeys as readonly string[]).includes(key)) further[key] = await part(key, { rng: rng.fork() });
  return {
    model,
    physics,
    losses,
    optimizer,
    ...(schedule ? { schedule } : {}),
    metrics,
    ...(adversarial ? { adversarial } : {}),
    further,
  };
}

/** Loads the weights of a path or an address. */
export async function loadWeights(model: Reconstructor, path: string, place: Place): Promise<void> {
  try {
    await loadPretrained(model, path);
  } catch (error) {
    throw placed(place, error);
  }
}

/** Whether a configuration has a discriminator; keys that belong to one are refused without it. */
function isAdversarial(config: WrittenConfig, place: Place): boolean {
  const [first] = ["lossesD", "optimizerD", "scheduleD", "stepRatioD"].filter((key) => config[key] !== undefined);
  if (config["D"] !== undefined && config["lossesD"] === undefined)
    throw new UsageError(
      `${place.key("lossesD")} is missing, but D is given; it is the losses of the discriminator, ` +
        'such as ["SupAdversarialDiscriminatorLoss"].',
      "missing_argument",
    );
  if (config["D"] !== undefined) return true;
  if (first === undefined) return false;
  throw new UsageError(
    `${place.key("D")} is missing, but ${first} is given; D is the discriminator, ` +
      'such as { "name": "PatchGANDiscriminator", "inputNc": 1 }.',
    "missing_argument",
  );
}

type MakePart = <T>(key: string, context: Omit<Context, "folder">, fallback?: unknown) => Promise<T>;

async function discriminator(part: MakePart, rng: RandomSource): Promise<Adversarial> {
  const D = await part<Layer>("D", { rng: rng.fork() });
  const optimizerD = await part<Optimizer>("optimizerD", { on: D.parameters() }, "Adam");
  const scheduleD = await part<Schedule | undefined>("scheduleD", { on: optimizerD });
  const lossesD = weighted(await part("lossesD", { rng: rng.fork() }, []));
  return { D, optimizerD, lossesD, ...(scheduleD ? { scheduleD } : {}) };
}

/** The data of a configuration: paths, datasets and how they are cut. What they draw comes from `rng`. */
export async function buildData(
  config: WrittenConfig,
  rng: RandomSource,
  place: Place,
  folder = ".",
): Promise<DataConfig> {
  const { type } = configOptions["data"] as OptionEntry;
  return (await make(config["data"], type, place.key("data"), { folder, rng })) as DataConfig;
}

type Written = Loss | WeightedLoss;

/** The losses of one data set with their weights. */
function weighted(losses: OneOrMore<Written>): readonly WeightedLoss[] {
  return list(losses).map((loss) => ("loss" in loss ? loss : { loss, weight: 1 }));
}

/** The losses, or a list of them for each data set. */
function lossLists(losses: Written | readonly (Written | readonly Written[])[]): Parts["losses"] {
  const isOfLists = Array.isArray(losses) && losses.length > 0 && losses.every(Array.isArray);
  return isOfLists ? (losses as readonly Written[][]).map(weighted) : weighted(losses as OneOrMore<Written>);
}
