import { readJson } from "../io/index.js";
import { checkNumber, nearest } from "../runtime/index.js";
import { UsageError } from "./errors.js";

/** A class's name together with its constructor's options: `{ "name": "DnCNN", "depth": 7 }`. */
export interface Named {
  readonly name: string;
  readonly [option: string]: unknown;
}

/**
 * Configuration of `adjoint train` and `adjoint test`; paths are relative to the configuration's folder.
 *
 * @example
 * {
 *   "data": { "train": "photos/train", "eval": "photos/eval", "channels": "grey", "patch": 48 },
 *   "physics": { "name": "Denoising", "noise": { "name": "GaussianNoise", "sigma": 0.1 } },
 *   "model": { "name": "DnCNN", "inChannels": 1, "outChannels": 1, "depth": 7, "nf": 32 },
 *   "losses": [{ "name": "SureGaussianLoss", "sigma": 0.1 }],
 *   "optimizer": { "name": "Adam", "lr": 0.002 },
 *   "schedule": { "name": "CosineAnnealingLR", "tMax": 10 },
 *   "epochs": 10, "batchSize": 8, "out": "results/photos"
 * }
 */
export interface Config {
  readonly data: {
    /** Folder of images to train on. */
    readonly train: string;
    /** Folder of clean images to evaluate on, after each epoch and by `adjoint test`. */
    readonly eval?: string;
    /**
     * Content of `train`: `"images"` (clean; the physics makes the measurements) or `"measurements"`. Default:
     * `"images"`.
     */
    readonly holds?: "images" | "measurements";
    /** Channels of the images; `"auto"`: those of each file. Default: `"auto"`. */
    readonly channels?: "grey" | "rgb" | "auto";
    /** Side of a crop at the centre of each image. Default: whole images. */
    readonly size?: number;
    /** Side of random patches to train on. Default: whole images. */
    readonly patch?: number;
    /** Patches per epoch. Default: 100 times the batch size. */
    readonly patchesPerEpoch?: number;
  };
  /** Operator and noise, by class name. */
  readonly physics: Named & { readonly noise?: Named };
  /** Network, by class name. */
  readonly model: Named;
  /** Losses, by class name, each with an optional `weight`. */
  readonly losses: readonly Named[];
  /** Optimiser, by class name. Default: Adam with learning rate 0.001. */
  readonly optimizer?: Named;
  /** Learning-rate schedule, by class name. Default: constant rate. */
  readonly schedule?: Named;
  /** How often the schedule is advanced. Default: `"epoch"`. */
  readonly scheduleEvery?: "epoch" | "step";
  /** Metrics, by class name. Default: PSNR. */
  readonly metrics?: readonly (string | Named)[];
  /** Passes through the data. Default: 1. */
  readonly epochs?: number;
  /** Samples per step. Default: 8. */
  readonly batchSize?: number;
  /** Upper limit of steps. Default: no limit. */
  readonly maxSteps?: number;
  /** Largest global norm of the gradients. Default: no limit. */
  readonly gradClip?: number;
  /** Stops after `patience` evaluations without an improvement. Default: never. */
  readonly earlyStop?: { readonly patience: number; readonly metric?: string; readonly minDelta?: number };
  /** Steps between checkpoints. Default: 500. */
  readonly checkpointEvery?: number;
  /** Folder of the results. Default: `results/<name of the configuration>`. */
  readonly out?: string;
}

const keys = {
  config: [
    "data",
    "physics",
    "model",
    "losses",
    "optimizer",
    "schedule",
    "scheduleEvery",
    "metrics",
    "epochs",
    "batchSize",
    "maxSteps",
    "gradClip",
    "earlyStop",
    "checkpointEvery",
    "out",
  ],
  data: ["train", "eval", "holds", "channels", "size", "patch", "patchesPerEpoch"],
  earlyStop: ["patience", "metric", "minDelta"],
} as const;

/**
 * Reads and checks a configuration.
 *
 * @throws ArgumentError `file_not_found`.
 * @throws FormatError `json_invalid`.
 * @throws UsageError `unknown_option` for an unknown key (with the nearest valid one), `missing_argument`,
 * `invalid_argument`.
 */
export async function readConfig(path: string): Promise<Config> {
  const value = await readJson(path);
  return checkConfig(value, path);
}

/** Checks a configuration; messages begin with `where`. */
export function checkConfig(value: unknown, where: string): Config {
  const config = record(value, where);
  checkKeys(config, keys.config, where);
  for (const key of ["data", "physics", "model", "losses"]) {
    if (config[key] === undefined) throw new UsageError(`${where}: ${key} is missing.`, "missing_argument");
  }
  const data = record(config["data"], `${where}: data`);
  checkKeys(data, keys.data, `${where}: data`);
  if (typeof data["train"] !== "string")
    throw new UsageError(`${where}: data.train is missing, expected a folder of images.`, "missing_argument");
  checkChoice(data["holds"], ["images", "measurements"], `${where}: data.holds`);
  checkChoice(data["channels"], ["grey", "rgb", "auto"], `${where}: data.channels`);
  checkChoice(config["scheduleEvery"], ["epoch", "step"], `${where}: scheduleEvery`);
  for (const key of ["physics", "model", "optimizer", "schedule"])
    if (config[key] !== undefined) checkNamed(config[key], `${where}: ${key}`);
  const noise = (config["physics"] as Named)["noise"];
  if (noise !== undefined) checkNamed(noise, `${where}: physics.noise`);
  if (!Array.isArray(config["losses"]) || config["losses"].length === 0) {
    throw new UsageError(`${where}: losses must be a list of at least one { "name": ... }.`, "invalid_argument");
  }
  config["losses"].forEach((loss: unknown, index) => checkNamed(loss, `${where}: losses[${index}]`));
  const metrics = config["metrics"] ?? [];
  if (!Array.isArray(metrics)) throw new UsageError(`${where}: metrics must be a list.`, "invalid_argument");
  metrics.forEach(
    (metric: unknown, index) => typeof metric === "string" || checkNamed(metric, `${where}: metrics[${index}]`),
  );
  if (config["earlyStop"] !== undefined)
    checkKeys(record(config["earlyStop"], `${where}: earlyStop`), keys.earlyStop, `${where}: earlyStop`);
  const whole = { positive: true, integer: true };
  for (const key of ["epochs", "batchSize", "maxSteps", "checkpointEvery"])
    if (config[key] !== undefined) checkNumber(where, key, config[key], whole);
  for (const key of ["size", "patch", "patchesPerEpoch"])
    if (data[key] !== undefined) checkNumber(where, `data.${key}`, data[key], whole);
  return value as Config;
}

function record(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new UsageError(`${where}: expected an object.`, "invalid_argument");
  return value as Record<string, unknown>;
}

function checkKeys(value: Record<string, unknown>, known: readonly string[], where: string): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    throw new UsageError(
      `${where}: unknown key "${key}"; did you mean "${nearest(key, known)}"? Valid: ${known.join(", ")}.`,
      "unknown_option",
    );
  }
}

/** Checks that a value is an object with a `name`. */
export function checkNamed(value: unknown, where: string): Named {
  if (typeof record(value, where)["name"] !== "string")
    throw new UsageError(`${where}: name is missing, expected the name of a class.`, "missing_argument");
  return value as Named;
}

function checkChoice(value: unknown, choices: readonly string[], where: string): void {
  if (value === undefined || (typeof value === "string" && choices.includes(value))) return;
  throw new UsageError(`${where} is ${JSON.stringify(value)}, expected ${choices.join(" or ")}.`, "invalid_argument");
}
