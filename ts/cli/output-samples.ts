import { extname } from "node:path";
import type { ImagePixels } from "../io/index.js";

/** Types of samples that are written, by those that are read. */
const written = {
  uint8: "uint8",
  uint16: "uint16",
  uint32: "uint32",
  uint64: "float64",
  int8: "int8",
  int16: "int16",
  int32: "int32",
  int64: "float64",
  float16: "float32",
  float32: "float32",
  float64: "float64",
} as const;

/** Whether a file is written as a PNG, by its name. */
export const isPng = (output: string): boolean => extname(output).toLowerCase() === ".png";

/** Type of the samples in the output of an image that was read, and the stored value of 1. */
export function outputSamples(output: string, { sample, scale, metadata }: Omit<ImagePixels, "data" | "shape">) {
  if (!isPng(output)) {
    const isSmall = sample === "uint8" && (metadata.bits ?? 8) < 8;
    return { sample: written[sample], scale: isSmall ? 255 : scale } as const;
  }
  // Less than 8 bits become 8.
  if (sample === "uint8" || sample === "uint16") return { sample, scale: Math.max(255, scale) } as const;
  return { sample: "uint16", scale: 65535 } as const;
}
