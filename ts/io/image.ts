import { type Tensor, tensor } from "../tensor/index.js";
import {
  ArgumentError,
  currentPlatform,
  FormatError,
  type ImageChannels,
  type Pixels,
  ShapeError,
} from "../runtime/index.js";
import { writeFileAtomic } from "./atomic.js";
import { readBytes } from "./files.js";

/** Options of {@link readImage}. */
export interface ReadImageOptions {
  /** `"grey"`: one channel; `"rgb"`: three; `"auto"` (default): what the file has. Transparency is dropped. */
  channels?: ImageChannels;
}

export type { Pixels };

/**
 * An image file as a tensor [1, C, H, W] with values in [0, 1] (8 bits: value / 255; 16 bits: value / 65535).
 *
 * @throws ArgumentError `file_not_found`; FormatError `image_invalid` where the file is not an image that can be
 * decoded.
 */
export async function readImage(path: string, options: ReadImageOptions = {}): Promise<Tensor> {
  const { data, shape } = await readPixels(path, options);
  return tensor(data, { shape: [1, ...shape] });
}

/** As {@link readImage}, without making a tensor. */
export async function readPixels(path: string, options: ReadImageOptions = {}): Promise<Pixels> {
  return await decode(await readBytes(path), options, path);
}

/**
 * The pixels in an image file's bytes, such as a `File` that a page was given.
 *
 * In a browser its own decoder is used: 8 bits a channel, transparency over black.
 *
 * @throws FormatError `image_invalid` where they are not an image that can be decoded.
 */
export async function decodePixels(source: Blob | Uint8Array, options: ReadImageOptions = {}): Promise<Pixels> {
  if (source instanceof Uint8Array) return await decode(source, options, "decodePixels");
  return await decode(
    new Uint8Array(await source.arrayBuffer()),
    options,
    (source as { name?: string }).name ?? "decodePixels",
  );
}

/** A tensor [C, H, W] or [1, C, H, W] with 1 or 3 channels as the bytes of a PNG; values are clipped to [0, 1]. */
export async function encodePng(image: Tensor): Promise<Uint8Array> {
  const { shape } = image;
  const dims = shape.length === 4 && shape[0] === 1 ? shape.slice(1) : shape;
  const [channels, height, width] = dims as [number, number, number];
  if (dims.length !== 3 || (channels !== 1 && channels !== 3)) {
    throw new ShapeError(
      `encodePng: image has shape [${shape.join(",")}], expected [C,H,W] or [1,C,H,W] with 1 or 3 channels`,
      "shape_mismatch",
    );
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
  return await (await currentPlatform()).encodePng(bytes, width, height, channels);
}

/** Writes a tensor [C, H, W] or [1, C, H, W] as a PNG, atomically; values are clipped to [0, 1]. */
export async function writeImage(path: string, image: Tensor): Promise<void> {
  if (!/\.png$/i.test(path)) throw new ArgumentError(`writeImage: ${path}: only .png is written`, "invalid_argument");
  await writeFileAtomic(path, await encodePng(image));
}

async function decode(bytes: Uint8Array, options: ReadImageOptions, where: string): Promise<Pixels> {
  try {
    return await (await currentPlatform()).decodeImage(bytes, options.channels ?? "auto");
  } catch (error) {
    throw new FormatError(`${where}: not an image that can be read (${firstLine(error)})`, "image_invalid");
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] as string;
}
