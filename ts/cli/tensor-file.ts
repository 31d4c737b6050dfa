import { readImage } from "../io/index.js";
import type { Tensor } from "../tensor/index.js";

/** The tensor of a file: an image as `[1, C, H, W]`. */
export async function readTensorFile(path: string): Promise<Tensor> {
  return await readImage(path);
}
