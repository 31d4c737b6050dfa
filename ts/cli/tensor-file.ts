import { extname } from "node:path";
import { arrayTensor, readArray, readImage } from "../io/index.js";
import type { Tensor } from "../tensor/index.js";
import type { Options, OptionType } from "./option-type.js";

/** The part of an axis: an index, all, or from one index to another. */
const axis: OptionType = { either: ["number", "null", { tuple: ["number", "number"] }] };

/** What may be written for a tensor in a file. The schema has the same in `scripts/config/schema.mjs`. */
export const tensorFileOptions: Options = {
  file: { type: "path", required: true },
  dataset: { type: "string" },
  slice: { type: { either: ["number", { list: axis }] } },
};

/** A tensor in a file. */
export interface TensorFile {
  readonly file: string;
  /** Which array of several. */
  readonly dataset?: string;
  /** Which part of it. */
  readonly slice?: number | readonly (number | null | readonly [number, number])[];
}

const images = [".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif", ".avif"];

/** Reads a tensor: of an image `[1, C, H, W]`, of an array with the shape and the values of the file. */
export async function readTensorFile({ file, ...request }: TensorFile): Promise<Tensor> {
  if (images.includes(extname(file).toLowerCase())) return await readImage(file);
  return arrayTensor(await readArray(file, request), "float32");
}
