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

/** Whether a file is written as an array, by its name. */
export const isNpy = (output: string): boolean => extname(output).toLowerCase() === ".npy";

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

/**
 * Whether the values of an image that was read are bright where those of its file are small: of TIFF's unsigned
 * integers, where they are scaled. A TIFF that is written like it has to be inverted again; a PNG has none of these.
 */
export function isInverted(output: string, { sample, metadata }: Pick<ImagePixels, "sample" | "metadata">): boolean {
  return metadata.whiteIsZero === true && sample.startsWith("uint") && !isPng(output);
}

/**
 * Values `[pages, channels, rows, columns]` in the shape of the array that they were read from: without an axis of one
 * channel, colours last; without it, or where the channels are others, `[channels, rows, columns]` or with pages.
 */
export function likeArray(
  data: Float32Array,
  [pages, channels, rows, columns]: readonly [number, number, number, number],
  array: readonly number[] | undefined,
): { data: Float32Array; shape: number[] } {
  const inner = channels === 1 ? [rows, columns] : [rows, columns, channels];
  const isLike = array !== undefined && inner.every((side, k) => side === array.slice(-inner.length)[k]);
  if (!isLike) return { data, shape: [...(pages > 1 ? [pages] : []), channels, rows, columns] };
  const outer = array.slice(0, -inner.length);
  const isWhole = outer.reduce((product, side) => product * side, 1) === pages;
  const shape = [...(isWhole ? outer : [pages]), ...inner];
  if (channels === 1) return { data, shape };
  const plane = rows * columns;
  const result = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const [page, rest] = [Math.floor(i / (channels * plane)), i % (channels * plane)];
    result[(page * plane + (rest % plane)) * channels + Math.floor(rest / plane)] = data[i] as number;
  }
  return { data: result, shape };
}
