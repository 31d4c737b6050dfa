import {
  ArgumentError,
  currentPlatform,
  FormatError,
  type ImageChannels,
  type Pixels,
  ShapeError,
} from "../runtime/index.js";
import { type Tensor, tensor } from "../tensor/index.js";
import { writeFileAtomic } from "./atomic.js";
import { messageOf, readBytes } from "./files.js";

export type { Pixels };

/** Options of {@link readImage}. */
export interface ReadImageOptions {
  /**
   * `"grey"` gives one channel, `"rgb"` three, `"auto"` those of the file. Transparency is dropped. Default: `"auto"`.
   */
  readonly channels?: ImageChannels;
}

/**
 * Reads an image file as a tensor `[1, C, H, W]` with values in [0, 1] (8 bits: value / 255; 16 bits: value / 65535).
 *
 * @throws ArgumentError `file_not_found`, `file_unreadable`; FormatError `image_invalid` where the file is not an image
 * that can be decoded.
 */
export async function readImage(path: string, options: ReadImageOptions = {}): Promise<Tensor> {
  const { data, shape } = await readPixels(path, options);
  return tensor(data, { shape: [1, ...shape] });
}

/** As {@link readImage}, without creating a tensor. */
export async function readPixels(path: string, options: ReadImageOptions = {}): Promise<Pixels> {
  return await decode(await readBytes(path), options, path);
}

/**
 * Decodes the bytes of an image file, such as a `File` that the user of a page chose.
 *
 * A browser uses its own decoder: 8 bits per channel, transparency blended with black.
 *
 * @throws FormatError `image_invalid` where the bytes are not an image that can be decoded.
 */
export async function decodePixels(source: Blob | Uint8Array, options: ReadImageOptions = {}): Promise<Pixels> {
  if (source instanceof Uint8Array) return await decode(source, options, "decodePixels");
  const { name = "decodePixels" } = source as { name?: string };
  return await decode(new Uint8Array(await source.arrayBuffer()), options, name);
}

/**
 * Encodes a tensor `[C, H, W]` or `[1, C, H, W]` with 1 or 3 channels as a PNG; values are clipped to [0, 1].
 *
 * @throws ShapeError `shape_mismatch` for other shapes.
 */
export async function encodePng(image: Tensor): Promise<Uint8Array> {
  const { shape } = image;
  const dims = shape.length === 4 && shape[0] === 1 ? shape.slice(1) : shape;
  const [channels, height, width] = dims as [number, number, number];
  if (dims.length !== 3 || (channels !== 1 && channels !== 3)) {
    throw new ShapeError(
      `encodePng: image has shape [${shape.join(", ")}], expected [C, H, W] or [1, C, H, W] with 1 or 3 channels.`,
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
  const platform = await currentPlatform();
  return await platform.encodePng(bytes, width, height, channels);
}

/**
 * Writes a tensor `[C, H, W]` or `[1, C, H, W]` as a PNG, atomically; values are clipped to [0, 1].
 *
 * @throws ArgumentError `invalid_argument` where the path does not end with .png, `node_only` in a browser; ShapeError
 * as {@link encodePng}.
 */
export async function writeImage(path: string, image: Tensor): Promise<void> {
  if (!/\.png$/i.test(path)) {
    throw new ArgumentError(`writeImage: path is ${path}, expected a name that ends with .png.`, "invalid_argument");
  }
  await writeFileAtomic(path, await encodePng(image));
}

async function decode(bytes: Uint8Array, options: ReadImageOptions, name: string): Promise<Pixels> {
  const platform = await currentPlatform();
  try {
    return await platform.decodeImage(bytes, options.channels ?? "auto");
  } catch (error) {
    throw new FormatError(`${name}: not an image that can be decoded (${messageOf(error)}).`, "image_invalid");
  }
}
