import { addressOf, download, type DownloadOptions, downloadOptions, readWeights, wrapErrors } from "../io/index.js";
import { ArgumentError, checkOptions, currentPlatform, isPlain, shown } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";

/** Weights that were trained elsewhere: a place, or a place and how it is read. */
export type Pretrained = string | URL | PretrainedOptions;

/** Where weights are and how they are read. */
export interface PretrainedOptions extends DownloadOptions {
  /**
   * A path or an address (http, https) of a file of weights (`.safetensors`, `.pth`, `.pt`, `.ckpt`, `.tar`, `.bin`),
   * or of a folder with the file `model.safetensors`. `https://huggingface.co/<owner>/<name>` is such a folder.
   */
  readonly from: string | URL;
  /** The entry of a checkpoint that holds the weights. Default: found by itself. */
  readonly key?: string;
  /** What all names begin with and is taken away, see `io.readWeights`. Default: found by itself. */
  readonly prefix?: string;
}

/**
 * Loads weights into a network. Addresses are downloaded once and kept, see `io.download`; nothing else is fetched.
 *
 * @throws ArgumentError `invalid_argument`; as `io.download`, `io.readWeights` and `Module.loadStateDict`.
 *
 * @example
 * await loadPretrained(model, { from: "https://example.org/drunet.pth", sha256: "9f86d0..." });
 */
export async function loadPretrained(
  model: { loadStateDict(state: Record<string, Tensor>): unknown },
  pretrained: Pretrained,
): Promise<void> {
  if (typeof (model as Partial<typeof model> | undefined | null)?.loadStateDict !== "function") {
    throw new ArgumentError(
      `loadPretrained: model is ${shown(model)}, expected a network, which has loadStateDict.`,
      "invalid_argument",
    );
  }
  const { from, key, prefix, ...options } = asOptions(pretrained);
  const place = await weightsIn(from);
  const bytes = await download(place, options);
  let weights: Record<string, Tensor> = {};
  try {
    weights = await wrapErrors(String(place), () =>
      readWeights(bytes, { ...(key !== undefined && { key }), ...(prefix !== undefined && { prefix }) }),
    );
    model.loadStateDict(weights);
  } finally {
    for (const value of Object.values(weights)) value.dispose();
  }
}

function asOptions(pretrained: Pretrained): PretrainedOptions {
  const isPlace = (value: unknown): boolean => (typeof value === "string" && value !== "") || value instanceof URL;
  if (isPlace(pretrained)) return { from: pretrained as string | URL };
  if (isPlain(pretrained)) {
    checkOptions("pretrained", pretrained, ["from", "key", "prefix", ...downloadOptions]);
    if (isPlace((pretrained as PretrainedOptions).from)) return pretrained as PretrainedOptions;
  }
  throw new ArgumentError(
    `pretrained is ${shown(pretrained)}, expected a path or an address of weights, or { from } with one.`,
    "invalid_argument",
  );
}

const isWeightsFile = (path: string): boolean => /\.(?:safetensors|pth|pt|ckpt|tar|bin)$/i.test(path);

/** The file of weights of a place: itself, or that of a folder. */
async function weightsIn(place: string | URL): Promise<string | URL> {
  const path = addressOf(place)?.pathname ?? String(place);
  return isWeightsFile(path) || !(await isFolder(place)) ? place : fileIn(place, "model.safetensors");
}

/** Whether a place without an ending of weights is a folder: an address, or a path of one. */
async function isFolder(place: string | URL): Promise<boolean> {
  if (addressOf(place) !== undefined || place instanceof URL) return true;
  try {
    await (await currentPlatform()).listFolder(place);
    return true;
  } catch (error) {
    // A page cannot tell; there a path is an address.
    return error instanceof ArgumentError && error.code === "node_only";
  }
}

/**
 * A file of a folder.
 *
 * @throws ArgumentError `invalid_argument` where the folder is neither a path nor an address.
 */
export function fileIn(folder: string | URL, name: string): string | URL {
  if (typeof folder === "string" && folder !== "" && addressOf(folder) === undefined) {
    return `${folder.replace(/[\\/]+$/, "")}/${name}`;
  }
  const address = folder instanceof URL ? new URL(folder) : addressOf(folder);
  if (address === undefined) {
    throw new ArgumentError(`the folder is ${shown(folder)}, expected a path or an address.`, "invalid_argument");
  }
  address.pathname = `${address.pathname.replace(/\/+$/, "")}${isRepository(address) ? "/resolve/main" : ""}/${name}`;
  return address;
}

/** `https://huggingface.co/<owner>/<name>`, whose files are below `resolve/main`. */
function isRepository({ hostname, pathname }: URL): boolean {
  return hostname === "huggingface.co" && /^\/[^/]+\/[^/]+\/?$/.test(pathname);
}
