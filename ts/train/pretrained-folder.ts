import { serializeSafetensors, writeFileAtomic } from "../io/index.js";
import type { StateDict } from "../nn/index.js";
import { checkObject, checkOptions, checkText, isPlain, ArgumentError, shown } from "../runtime/index.js";

/** What a model card says of a training. */
export interface ModelCard {
  /** What the network does, such as "Denoises fluorescence micrographs". */
  readonly title: string;
  /** What it was trained on: images, their number, where they come from. */
  readonly data: string;
  /** The losses. */
  readonly loss: string;
  /** The operator and its noise. */
  readonly physics: string;
  /** Values of metrics on data that were not trained on, by name. Default: none, which the card says. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** Further figures, such as the number of steps and the seed. Default: none. */
  readonly training?: Readonly<Record<string, string | number>>;
}

/** What {@link savePretrained} writes. */
export interface PretrainedFolder {
  /** Class and options of the network, such as `{ name: "UNet", inChannels: 1 }`. */
  readonly model: { readonly name: string } & Readonly<Record<string, unknown>>;
  /** Its weights. */
  readonly weights: StateDict;
  /** What the card says. */
  readonly card: ModelCard;
  /** Texts in the file of weights, such as those by which `adjoint apply` knows the physics. Default: none. */
  readonly metadata?: Record<string, string>;
}

/**
 * Writes a network as Hugging Face lays models out: `config.json`, `model.safetensors` and `README.md`, a model card
 * with data, loss, physics and metrics. The licence is left to its author. `nn.fromPretrained` reads the folder.
 *
 * @throws ArgumentError `invalid_argument`, `unknown_option`; `file_unwritable`, `node_only` as `io.writeFileAtomic`.
 */
export async function savePretrained(folder: string, content: PretrainedFolder): Promise<void> {
  const caller = "savePretrained";
  checkText(caller, "folder", folder);
  checkOptions(caller, content, ["model", "weights", "card", "metadata"]);
  const { model, weights, card, metadata = {} } = content;
  checkObject(caller, "weights", weights);
  if (!isPlain(model) || typeof model.name !== "string") {
    throw new ArgumentError(
      `${caller}: model is ${shown(model)}, expected the name of its class with options, such as { name: "UNet" }.`,
      "invalid_argument",
    );
  }
  const text = cardText(caller, model.name, card);
  const config = { architectures: [model.name], library_name: "adjoint", model };
  const bytes = await serializeSafetensors(weights, metadata);
  await writeFileAtomic(`${folder}/config.json`, `${jsonOf(caller, config)}\n`);
  await writeFileAtomic(`${folder}/model.safetensors`, bytes);
  await writeFileAtomic(`${folder}/README.md`, text);
}

function jsonOf(caller: string, config: object): string {
  try {
    return JSON.stringify(config, null, 2);
  } catch {
    throw new ArgumentError(
      `${caller}: the options of model are no JSON; give numbers, texts, lists and objects of them.`,
      "invalid_argument",
    );
  }
}

function cardText(caller: string, network: string, card: ModelCard): string {
  checkOptions(caller, card, ["title", "data", "loss", "physics", "metrics", "training"]);
  const { metrics = {}, training = {} } = card;
  for (const key of ["title", "data", "loss", "physics"] as const) checkText(caller, `card.${key}`, card[key]);
  checkObject(caller, "card.metrics", metrics);
  checkObject(caller, "card.training", training);
  const rows = (values: Readonly<Record<string, string | number>>): string =>
    Object.entries(values)
      .map(([name, value]) => `| ${cell(name)} | ${cell(typeof value === "number" ? figure(value) : String(value))} |`)
      .join("\n");
  const table = (head: string, values: Readonly<Record<string, string | number>>): string =>
    `| ${head} | |\n| --- | --- |\n${rows(values)}`;
  const unmeasured = "Not measured: the training had no evaluation data with ground truth.";
  const measured = Object.keys(metrics).length > 0;
  return `---
library_name: adjoint
tags:
  - image-restoration
  - inverse-problems
# license: to be chosen by the author of the network
---

# ${card.title}

${table("training", { network, data: card.data, loss: card.loss, physics: card.physics, ...training })}

## Metrics

${measured ? table("on data that were not trained on", metrics) : unmeasured}

## Use

\`\`\`js
import { init, nn } from "adjoint";
await init();
const model = await nn.fromPretrained("path or address of this folder");
\`\`\`

\`adjoint apply <this folder> picture.tif -o restored.tif\` restores files. In Python, \`load_file\` of
safetensors.torch gives the state dict, whose names are those of deepinv's class of the same name, where it has one.

## Licence

To be chosen by the author of the network: nothing above grants any rights.
`;
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replace(/\s+/g, " ");
const figure = (value: number): string => (Number.isInteger(value) ? String(value) : value.toPrecision(5));
