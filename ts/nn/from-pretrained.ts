import { download, type DownloadOptions, downloadOptions, wrapErrors } from "../io/index.js";
import { checkOptions, FormatError, isPlain, shown } from "../runtime/index.js";
import * as layers from "./layers/index.js";
import * as models from "./models/index.js";
import { Module } from "./module.js";
import { fileIn, loadPretrained } from "./pretrained.js";
import type { Layer } from "./types.js";

/**
 * The network of a folder or an address that holds `config.json` and `model.safetensors`, as Hugging Face lays models
 * out and `train.savePretrained` writes them: `config.json` names the class and its options under `model`. It is in
 * evaluation mode. `sha256` is that of `model.safetensors`.
 *
 * Nothing of the folder is executed: only networks of this library are made, and their constructors check the options.
 *
 * @throws as `io.download` and `io.readWeights`; FormatError `json_invalid`; `file_unsupported` where `config.json`
 * names no network of this library.
 *
 * @example
 * const model = await nn.fromPretrained("results/my-denoiser");
 */
export async function fromPretrained(folder: string | URL, options: DownloadOptions = {}): Promise<Layer> {
  checkOptions("fromPretrained", options, downloadOptions);
  const { sha256: _, ...fetching } = options;
  const place = fileIn(folder, "config.json");
  const text = new TextDecoder().decode(await download(place, fetching));
  const model = await wrapErrors(String(place), async () => networkOf(parsed(text)));
  await loadPretrained(model, { ...options, from: fileIn(folder, "model.safetensors") });
  model.eval();
  return model;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new FormatError("the file is not JSON.", "json_invalid");
  }
}

/** Makes the network that `model` of a config.json names. */
function networkOf(config: unknown): Layer {
  const model = isPlain(config) ? (config as { model?: unknown }).model : undefined;
  if (isNamed(model)) return made(model);
  if (typeof model === "string") return made({ name: model });
  const { architectures } = (isPlain(config) ? config : {}) as { architectures?: unknown };
  throw new FormatError(
    `the file does not describe a network of this library (architectures: ${shown(architectures)}); make the network ` +
      "yourself and load the weights: await nn.DRUNet.create({ pretrained: folder }).",
    "file_unsupported",
  );
}

interface Named {
  readonly name: string;
}

function isNamed(value: unknown): value is Named {
  return isPlain(value) && typeof (value as Partial<Named>).name === "string";
}

/** The object of a class and options, of which some are networks themselves. */
function made({ name, ...given }: Named): Layer {
  const known = { ...layers, ...models } as Readonly<Record<string, unknown>>;
  const Class = Object.hasOwn(known, name) ? known[name] : undefined;
  if (typeof Class !== "function" || !(Class.prototype instanceof Module)) {
    throw new FormatError(`${shown(name)} is no network of this library.`, "file_unsupported");
  }
  const options = Object.entries(given).map(([key, value]: [string, unknown]) => [
    key,
    isNamed(value) ? made(value) : value,
  ]);
  return new (Class as new (options: object) => Layer)(Object.fromEntries(options) as object);
}
