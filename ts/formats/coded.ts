import { AdjointError, currentPlatform, type DecodedImage } from "../runtime/index.js";
import type { DetectedFormat } from "./detect.js";
import { checkPixels, damaged, unsupported } from "./image-faults.js";
import { avifSize, gifSize, type HeaderSize, isWholeJpeg, jpegFrame, webpSize } from "./header-size.js";
import type { ImageFile, OpenOptions, Raster } from "./raster.js";

/**
 * Opens a JPEG, WebP, AVIF or GIF, which the platform decodes: sharp in Node, the browser's own decoder in a page.
 * Where the format loses nothing (GIF, lossless WebP) opaque pixels are the same in both.
 *
 * CMYK becomes RGB by `R = (1 - C)(1 - K)`, and so on, without a profile.
 */
export async function openCoded(
  bytes: Uint8Array,
  format: DetectedFormat,
  options: OpenOptions,
  size: CodedSize | undefined = headerSize(bytes, format.id),
): Promise<ImageFile> {
  const { maxPixels, colour } = options;
  if (!size || size.width === 0 || size.height === 0) throw damaged(format.name, "its header has no size");
  if (!size.whole) throw damaged(format.name, "it is cut off");
  if (size.bits !== undefined && size.bits !== 8)
    throw unsupported(format.name, `has ${size.bits} bits a sample`, "convert it to TIFF or PNG first");
  const most = pixelsPerByte[format.id];
  if (most !== undefined && size.width * size.height > most * bytes.length)
    throw damaged(format.name, `${bytes.length} bytes cannot hold ${size.width}x${size.height} pixels`);
  checkPixels(size.width * size.height, size.width * size.height, maxPixels);
  const platform = await currentPlatform();
  const decoded = async (all: boolean) => {
    try {
      const image = await platform.decodeImage(bytes, { colour, all, maxPixels });
      return withoutOpaque(
        size.depth === undefined ? image : { ...image, values: fullRange(image.values, size.depth) },
      );
    } catch (error) {
      if (error instanceof AdjointError) throw error;
      const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
      throw damaged(format.name, line.replace(/\.$/, ""));
    }
  };
  const first = await decoded(false);
  // An animation is decoded at once: each image refers to those before it.
  let whole: Promise<DecodedImage> | undefined;
  return {
    metadata: {
      format: format.id,
      colour: first.colour === "grey" ? "grey" : "rgb",
      alpha: first.alpha,
      bits: first.values instanceof Uint16Array ? 16 : 8,
    },
    pages: first.pages,
    size: async () => [first.width, first.height],
    async read(page) {
      const { pages } = first;
      if (page > 0 && !whole) {
        const pixels = first.width * first.height * pages;
        checkPixels(pixels, pixels, maxPixels);
        whole = decoded(true);
      }
      const { channels, colour: meaning, alpha, values: all, orientation = 1 } = (await whole) ?? first;
      const [width, height] = orientation > 4 ? [first.height, first.width] : [first.width, first.height];
      const length = width * height * channels;
      const values = all.subarray(page * length, (page + 1) * length);
      const is16Bit = values instanceof Uint16Array;
      const raster: Raster = {
        values,
        width,
        height,
        channels,
        sample: is16Bit ? "uint16" : "uint8",
        bits: is16Bit ? 16 : 8,
        colour: meaning,
        alpha,
        whiteIsZero: false,
        orientation,
      };
      return meaning === "cmyk" ? cmykToRgb(raster) : raster;
    },
  };
}

/**
 * Samples of 10 or 12 bits, which sharp gives as the highest bits of 16, in the whole range of these: white is 65535.
 * Where the others are used too, the values have been converted and are so already.
 */
function fullRange(values: DecodedImage["values"], bits: number): DecodedImage["values"] {
  if (!(values instanceof Uint16Array) || bits === 8) return values;
  const unused = 16 - bits;
  const low = 2 ** unused - 1;
  if (values.some((value) => (value & low) !== 0)) return values;
  const factor = 65535 / (2 ** bits - 1);
  return values.map((value) => Math.round((value >> unused) * factor));
}

/** Leaves out an opacity that is full everywhere: decoders add one to formats that may have it. */
function withoutOpaque(image: DecodedImage): DecodedImage {
  const { values, channels, alpha } = image;
  if (!alpha) return image;
  const full = values instanceof Uint16Array ? 65535 : 255;
  for (let i = channels - 1; i < values.length; i += channels) if (values[i] !== full) return image;
  const colours = channels - 1;
  const kept = values.slice(0, (values.length / channels) * colours);
  for (let i = 0; i < kept.length / colours; i++) {
    for (let c = 0; c < colours; c++) kept[i * colours + c] = values[i * channels + c] as number;
  }
  return { ...image, values: kept, channels: colours, alpha: false };
}

/**
 * More pixels than a byte can stand for, of formats that have such a limit: a code of 12 bits of GIF is at most 3839
 * pixels; a block of 8x8 pixels of JPEG needs a bit for each component at least, and colours may have half the
 * resolution: 6 bits for 256 pixels.
 */
const pixelsPerByte: Readonly<Record<string, number>> = { gif: 2560, jpeg: 512 };

/** Size by the header, and whether the file has all its bytes. */
interface CodedSize extends HeaderSize {
  readonly whole: boolean;
  /** Bits of a sample, of JPEG. */
  readonly bits?: number;
  /** Bits of a sample, of AVIF. */
  readonly depth?: number;
}

function headerSize(bytes: Uint8Array, id: string): CodedSize | undefined {
  if (id === "webp") return webpSize(bytes);
  if (id === "avif") return avifSize(bytes);
  if (id === "gif") {
    const size = gifSize(bytes);
    return size && { ...size, whole: true };
  }
  const frame = jpegFrame(bytes);
  return frame && { ...frame, whole: isWholeJpeg(bytes) };
}

/** Inks to colours; sharp gives the amount of ink, 255 for all of it. */
function cmykToRgb(raster: Raster): Raster {
  const { values, width, height, channels, bits } = raster;
  const full = 2 ** bits - 1;
  const result = bits === 16 ? new Uint16Array(3 * width * height) : new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    const light = full - (values[i * channels + 3] as number);
    for (let c = 0; c < 3; c++)
      result[3 * i + c] = Math.round(((full - (values[i * channels + c] as number)) * light) / full);
  }
  return { ...raster, values: result, channels: 3, colour: "rgb", alpha: false };
}
