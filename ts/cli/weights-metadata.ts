import { extname } from "node:path";
import { detectFormat } from "../formats/index.js";
import { readSafetensorsFile } from "../io/index.js";
import { headOf } from "./head.js";

/** The metadata of a file of weights; none where it is not a safetensors file by its name. */
export async function weightsMetadata(path: string): Promise<Record<string, string>> {
  if (extname(path).toLowerCase() !== ".safetensors") {
    // A file that is not there is an error here, not one without metadata.
    await headOf(path);
    return {};
  }
  return await safetensorsMetadata(path);
}

/** The metadata of a file that is a safetensors file by its content, else none. */
export async function metadataByContent(path: string): Promise<Record<string, string>> {
  const head = await headOf(path);
  return head !== undefined && detectFormat(head)?.id === "safetensors" ? await safetensorsMetadata(path) : {};
}

async function safetensorsMetadata(path: string): Promise<Record<string, string>> {
  const { tensors, metadata } = await readSafetensorsFile(path);
  for (const value of Object.values(tensors)) value.dispose();
  return metadata;
}
