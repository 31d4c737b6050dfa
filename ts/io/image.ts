import { type Tensor, tensor } from "../tensor/index.js";
import { ArgumentError, FormatError, ShapeError } from "../runtime/index.js";
import { writeFileAtomic } from "./atomic.js";
import { readBytes } from "./files.js";

/** Options of {@link readImage}. */
export interface ReadImageOptions {
  /** `"grey"`: one channel; `"rgb"`: three; `"auto"` (default): what the file has. Transparency is dropped. */
  channels?: "grey" | "rgb" | "auto";
}

/** The pixels of an image as numbers in [0, 1], channel by channel. */
export interface Pixels {
  readonly data: Float32Array;
  /** [channels, height, width] */
  readonly shape: [number, number, number];
}

/**
 * An image file as a tensor [1, C, H, W] with values in [0, 1] (8 bits: value / 255; 16 bits: value / 65535).
 *
 * @throws ArgumentError `file_not_found`; FormatError `image_invalid` where the file is not an image that can be decoded.
 */
export async function readImage(path: string, options: ReadImageOptions = {}): Promise<Tensor> {
  const { data, shape } = await readPixels(path, options);
  return tensor(data, { shape: [1, ...shape] });
}

/** As {@link readImage}, without making a tensor. */
export async function readPixels(path: string, options: ReadImageOptions = {}): Promise<Pixels> {
  const bytes = await readBytes(path);
  try {
    return await decodePixels(bytes, options.channels ?? "auto");
  } catch (error) {
    throw new FormatError(`${path}: not an image that can be read (${firstLine(error)})`, "image_invalid");
  }
}

/** A tensor [C, H, W] or [1, C, H, W] with 1 or 3 channels as the bytes of a PNG; values are clipped to [0, 1]. */
export async function encodePng(image: Tensor): Promise<Uint8Array> {
  const { shape } = image;
  const dims = shape.length === 4 && shape[0] === 1 ? shape.slice(1) : shape;
  const [channels, height, width] = dims as [number, number, number];
  if (dims.length !== 3 || (channels !== 1 && channels !== 3)) {
    throw new ShapeError(`encodePng: image has shape [${shape.join(",")}], expected [C,H,W] or [1,C,H,W] with 1 or 3 channels`, "shape_mismatch");
  }
  const data = await image.data();
  const plane = height * width;
  const bytes = new Uint8Array(data.length);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < plane; i++) {
      const value = data[c * plane + i] as number;
      bytes[i * channels + c] = Math.round(255 * Math.min(1, Math.max(0, value)));
    }
  }
  const sharp = await loadSharp();
  return sharp(bytes, { raw: { width, height, channels } })
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .png()
    .toBuffer();
}

/** Writes a tensor [C, H, W] or [1, C, H, W] as a PNG, atomically; values are clipped to [0, 1]. */
export async function writeImage(path: string, image: Tensor): Promise<void> {
  if (!/\.png$/i.test(path)) throw new ArgumentError(`writeImage: ${path}: only .png is written`, "invalid_argument");
  await writeFileAtomic(path, await encodePng(image));
}

async function decodePixels(bytes: Uint8Array, channels: "grey" | "rgb" | "auto"): Promise<Pixels> {
  const sharp = await loadSharp();
  const file = sharp(bytes, { failOn: "error" });
  const info = await file.metadata();
  const grey = channels === "grey" || (channels === "auto" && (info.space === "b-w" || info.space === "grey16"));
  const deep = info.depth === "ushort";
  const pipeline = file.autoOrient().removeAlpha().toColourspace(grey ? (deep ? "grey16" : "b-w") : deep ? "rgb16" : "srgb");
  const raw = await pipeline.raw({ depth: deep ? "ushort" : "uchar" }).toBuffer({ resolveWithObject: true });
  const { width, height, channels: count } = raw.info;
  const values = deep ? new Uint16Array(raw.data.buffer.slice(raw.data.byteOffset, raw.data.byteOffset + raw.data.byteLength)) : raw.data;
  const scale = deep ? 65535 : 255;
  const plane = width * height;
  const data = new Float32Array(plane * count);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < count; c++) data[c * plane + i] = (values[i * count + c] as number) / scale;
  }
  return { data, shape: [count, height, width] };
}

/** sharp is loaded when the first image is, so that programs without images start fast. */
async function loadSharp() {
  return (await import("sharp")).default;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] as string;
}
