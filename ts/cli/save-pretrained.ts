import { basename } from "node:path";
import type { Dataset, Measurement } from "../data/index.js";
import { type ModelCard, savePretrained, type Trainer } from "../train/index.js";
import type { Parts } from "./build.js";
import type { WrittenConfig } from "./check-config.js";
import { list } from "./data.js";
import { folderFrom, type Training, trainingMetadata } from "./trained.js";

/** A training that was run, and where its network is to be written. */
export interface Trained {
  /** Path of the configuration, and what it says. */
  readonly path: string;
  readonly config: WrittenConfig;
  readonly training: Training;
  readonly trainer: Trainer;
  readonly parts: Parts;
  readonly datasets: readonly (Dataset<Measurement> | string)[];
  readonly seed: number;
}

/** Writes the network of a training as Hugging Face lays models out. */
export async function saveTrained(folder: string, trained: Trained): Promise<void> {
  const { path, config, training, trainer, parts, seed } = trained;
  const model = config["model"] as string | { name: string };
  const weights = parts.model.stateDict();
  try {
    await savePretrained(folder, {
      model: typeof model === "string" ? { name: model } : model,
      weights,
      // Files of the physics are named relative to the folder of weights.
      metadata: trainingMetadata({ ...training, folder: folderFrom(folder, path).replaceAll("\\", "/") }),
      card: {
        title: `${parts.model.constructor.name} trained by ${lossNames(parts)}`,
        data: dataText(trained),
        loss: written(config["losses"]),
        physics: written(config["physics"]),
        metrics: metricsOf(trainer),
        training: { steps: trainer.step, epochs: trainer.epoch, seed },
      },
    });
  } finally {
    for (const value of Object.values(weights)) value.dispose();
  }
}

const lossNames = ({ losses }: Parts): string => [...new Set(losses.flat().map(({ loss }) => loss.name))].join(", ");

/** A part of a configuration as one line. */
function written(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(written).join("; ");
  const { name, ...options } = value as { name?: string };
  const texts = Object.entries(options).map(([key, option]) => `${key} ${JSON.stringify(option)}`);
  return [name, ...texts].filter((text) => text !== undefined).join(", ");
}

/** The training data: of folders the last name alone, since the card leaves this machine. */
function dataText({ config, datasets }: Trained): string {
  const { train, holds = "images" } = config["data"] as { train: unknown; holds?: string };
  const names = list(train).map((each) => (typeof each === "string" ? basename(each) : written(each)));
  const counts = datasets.flatMap((dataset) => (typeof dataset === "string" ? [] : [dataset.length]));
  return `${names.join("; ")} (${[...counts, holds].join(" ")})`;
}

/** Metrics of the weights that are kept: those of the best evaluation where there is one, else of the last. */
function metricsOf({ best, history }: Trainer): ModelCard["metrics"] & object {
  const evaluated = history.filter(({ evalMetrics }) => evalMetrics !== undefined);
  const entry = evaluated.find(({ step }) => step === best?.step) ?? evaluated.at(-1);
  return entry?.evalMetrics ?? {};
}
