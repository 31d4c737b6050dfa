import {
  type Channels,
  checkPixels,
  imageFormat,
  type ImageFile,
  type ImageMetadata,
  openImageFile,
  type Plane,
  type SampleType,
  toPlane,
} from "../formats/index.js";
import {
  ArgumentError,
  checkNumber,
  checkOptions,
  checkWord,
  type ImageChannels,
  type Pixels,
  ShapeError,
} from "../runtime/index.js";
import { type Tensor, tensor } from "../tensor/index.js";
import { type FileSource, withSource } from "./source.js";

export type { Pixels };

/** Options of {@link readImage} and {@link readPixels}. */
export interface ReadImageOptions {
  /**
   * `"auto"` takes all channels of the file; the opacity (alpha) is the last of them where the file has one. `"rgb"`
   * and `"grey"` take three colours or one and leave the opacity out; the grey value of a colour is its luminance (Rec.
   * 709): of unsigned integers up to 16 bits in linear light, rounded to an integer, of other types the weighted sum.
   * Default: `"auto"`.
   */
  readonly channels?: ImageChannels;
  /**
   * `"type"`: integers are divided by the largest value of their type (uint8: 255, int16: 32767, 12 bits: 4095), floats
   * as stored. `"none"`: as stored. Default: `"type"`.
   */
  readonly scale?: "type" | "none";
  /** The page of a file with several images (a TIFF stack, an animation), from 0, or all of them. Default: 0. */
  readonly page?: number | "all";
  /**
   * `"file"`: values as stored, whatever colour profile the file has. `"srgb"`: converted to sRGB by the profile, with
   * 8 bits in a browser. Default: `"file"`.
   */
  readonly colour?: "file" | "srgb";
  /** Limit on width times height (times pages, where all are read). Default: 400,000,000. */
  readonly maxPixels?: number;
}

/** What {@link readPixels} reads beside the pixels. */
export interface ImageInfo {
  /** Type of the samples in the file. */
  readonly sample: SampleType;
  /** Number of images in the file, however many of them were read. */
  readonly pages: number;
  /** What 1 in `data` is in the file: `data * scale` are the values as stored. */
  readonly scale: number;
  readonly metadata: ImageMetadata;
}

/** One image, values channel by channel. */
export interface ImagePixels extends Pixels, ImageInfo {}

/** All pages of a file, `[pages, channels, height, width]`. */
export interface ImageStack extends ImageInfo {
  readonly data: Float32Array;
  readonly shape: [number, number, number, number];
}

const keys = ["channels", "scale", "page", "colour", "maxPixels"];

/** Default limit on the pixels of an image. */
const defaultMaxPixels = 400_000_000;

/**
 * Reads an image file as a tensor `[1, C, H, W]`; with `page: "all"` a stack as `[N, C, H, W]`.
 *
 * TIFF (also BigTIFF, ImageJ, OME), PNG, JPEG, WebP, AVIF and GIF, recognised by their content, and arrays of real
 * numbers (.npy, .npz, NIfTI, FITS, DICOM, HDF5), of which the last two axes are rows and columns, those before them
 * pages, and a last axis of 3 or 4 behind two longer ones colours (NIfTI: columns are x, rows y).
 *
 * Values are those of the file, as {@link ReadImageOptions.scale} says; images are turned upright as EXIF or TIFF
 * state. The tensor is float32: uint32, int32 and float64 samples are rounded to 24 bits.
 *
 * @throws ArgumentError `file_not_found`, `file_unreadable`, `invalid_argument`, `unknown_option`; FormatError
 * `image_invalid` where the bytes are no image or damaged, `image_unsupported` where the format is known but not read,
 * `image_too_large`; ShapeError `shape_mismatch` where pages of different sizes are read at once.
 */
export async function readImage(source: FileSource, options: ReadImageOptions = {}): Promise<Tensor> {
  const { data, shape } = await read("readImage", source, options);
  return tensor(data, { shape: shape.length === 3 ? [1, ...shape] : shape });
}

/**
 * As {@link readImage}, without creating a tensor: `data` with its `shape`, `[C, H, W]` or, with `page: "all"`,
 * `[N, C, H, W]`, the type of the samples, the number of pages, the scale, and what the file says about its pixels.
 */
export async function readPixels(
  source: FileSource,
  options?: ReadImageOptions & { readonly page?: number },
): Promise<ImagePixels>;
export async function readPixels(
  source: FileSource,
  options: ReadImageOptions & { readonly page: "all" },
): Promise<ImageStack>;
export async function readPixels(source: FileSource, options: ReadImageOptions): Promise<ImagePixels | ImageStack>;
export async function readPixels(
  source: FileSource,
  options: ReadImageOptions = {},
): Promise<ImagePixels | ImageStack> {
  return await read("readPixels", source, options);
}

/** As {@link readPixels} of one page, for the bytes of a file, such as a `File` that the user of a page chose. */
export async function decodePixels(
  source: Blob | Uint8Array,
  options: ReadImageOptions & { readonly page?: number } = {},
): Promise<ImagePixels> {
  return (await read("decodePixels", source, options)) as ImagePixels;
}

/** An image file that is open, for reading some of its pages. */
export interface OpenImage {
  readonly file: ImageFile;
  readonly name: string;
  readonly options: ReadImageOptions;
}

/** Opens an image file, calls `use` with it and closes it; errors as {@link readImage}. */
export async function withImage<T>(
  caller: string,
  source: FileSource,
  options: ReadImageOptions,
  use: (image: OpenImage) => Promise<T>,
): Promise<T> {
  const rules = imageOptions(caller, options);
  return await withSource(caller, source, async (bytes) => {
    const file = await openImageFile(bytes, rules);
    return await use({ file, name: bytes.name || caller, options });
  });
}

/** Checks options, and gives those that a reader needs. */
export function imageOptions(caller: string, options: ReadImageOptions) {
  checkOptions(caller, options, keys);
  checkWord(caller, "channels", options.channels ?? "auto", ["auto", "grey", "rgb"]);
  checkWord(caller, "scale", options.scale ?? "type", ["type", "none"]);
  const colour = checkWord(caller, "colour", options.colour ?? "file", ["file", "srgb"]);
  const maxPixels = checkNumber(caller, "maxPixels", options.maxPixels ?? defaultMaxPixels, { positive: true });
  const { page = 0 } = options;
  if (page !== "all") checkNumber(caller, "page", page, { integer: true, min: 0 });
  return { colour, maxPixels };
}

/**
 * Recognises an image file by its first bytes, and counts its pages without decoding them; an animation counts as its
 * first image.
 *
 * @throws as {@link readImage}, except where only decoding shows that a file is damaged.
 */
export async function countPages(path: string, options: ReadImageOptions = {}): Promise<number> {
  const rules = imageOptions("countPages", options);
  return await withSource("countPages", path, async (source) => {
    const format = await imageFormat(source);
    return format.id === "tiff" || format.kind === "array" ? (await openImageFile(source, rules)).pages : 1;
  });
}

/** Reads one page of an open image. */
export async function readPageOf({ file, name, options }: OpenImage, page: number): Promise<ImagePixels> {
  const { channels = "auto", scale = "type" } = options;
  if (page >= file.pages)
    throw new ArgumentError(`${name}: page is ${page}, expected 0 to ${file.pages - 1}.`, "invalid_argument");
  const raster = await file.read(page);
  const plane: Plane | undefined = toPlane(raster, channels satisfies Channels, scale);
  if (!plane) {
    throw new ArgumentError(
      `${name}: the ${raster.channels} channels are no colours, expected channels: "auto", not "${channels}".`,
      "invalid_argument",
    );
  }
  const metadata: ImageMetadata = {
    ...file.metadata,
    bits: raster.bits,
    colour: channels === "auto" ? raster.colour : channels,
    alpha: raster.alpha && channels === "auto",
  };
  return { ...plane, sample: raster.sample, pages: file.pages, metadata };
}

async function read(caller: string, source: FileSource, options: ReadImageOptions): Promise<ImagePixels | ImageStack> {
  return await withImage(caller, source, options, async (image) => {
    const { page = 0 } = image.options;
    return page === "all" ? await readAllPages(image) : await readPageOf(image, page);
  });
}

async function readAllPages(image: OpenImage): Promise<ImageStack> {
  const { file, name, options } = image;
  let pixels = 0;
  for (let k = 0; k < file.pages; k++) {
    const size = await file.size(k);
    if (size) pixels += size[0] * size[1];
  }
  checkPixels(pixels, pixels, options.maxPixels ?? defaultMaxPixels);
  // From the last page: an animation is then decoded as a whole, with the same channels for each of its images.
  const last = await readPageOf(image, file.pages - 1);
  const { length } = last.data;
  checkPixels(pixels, length * file.pages, options.maxPixels ?? defaultMaxPixels);
  const data = new Float32Array(length * file.pages);
  data.set(last.data, length * (file.pages - 1));
  for (let k = file.pages - 2; k >= 0; k--) {
    const { data: values, shape, sample } = await readPageOf(image, k);
    if (shape.some((side, i) => side !== last.shape[i]) || sample !== last.sample) {
      throw new ShapeError(
        `${name}: page ${k} is ${shape.join("x")} ${sample}, page ${file.pages - 1} is ${last.shape.join("x")} ` +
          `${last.sample}, expected pages of one size and type; read them one by one with page.`,
        "shape_mismatch",
      );
    }
    data.set(values, k * length);
  }
  return { ...last, data, shape: [file.pages, ...last.shape] };
}
