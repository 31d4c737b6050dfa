import {
  encodeNpy,
  encodePng as encodePngFile,
  encodeTiff,
  type ImageMetadata,
  isWritten,
  joinBytes,
  largestValue,
  type Quantised,
  quantise,
  type SampleType,
  type WrittenSample,
} from "../formats/index.js";
import { ArgumentError, checkOptions, checkWord, ShapeError, shown } from "../runtime/index.js";
import { Tensor } from "../tensor/index.js";
import { writeFileAtomic } from "./atomic.js";

/** Options of {@link writeImage}. */
export interface WriteImageOptions {
  /**
   * Type of the samples: uint8 or uint16 for PNG; uint8, uint16, uint32, int8, int16, int32, float32 or float64 for
   * TIFF and .npy. Default: `"uint8"` for PNG, else `"float32"`.
   */
  readonly sample?: SampleType;
  /**
   * `"type"`: 1 becomes the largest value of an integer type (uint8: 255, int16: 32767), floats are written as they
   * are. `"none"`: values are those of the file. A number: they are multiplied by it. Default: `"type"`.
   */
  readonly scale?: "type" | "none" | number;
  /** What `readPixels` gave for the file that the image came from: axes, pixel size, names of channels, opacity. */
  readonly metadata?: Partial<ImageMetadata>;
  /** Compression of a TIFF; a PNG is always compressed. Default: `"none"`. */
  readonly compression?: "none" | "deflate";
}

/** What {@link writeImage} has done. */
export interface WriteReport {
  readonly sample: WrittenSample;
  /** Values that did not fit the type and became its nearest end. */
  readonly clipped: number;
  /** Values that were NaN and became 0. */
  readonly notANumber: number;
}

/** Formats that are written. */
type Format = "png" | "tiff" | "npy";

const formats: Readonly<Record<string, Format>> = { ".png": "png", ".npy": "npy" };

const keys = ["sample", "scale", "metadata", "compression"];

/**
 * Writes a tensor as an image, atomically.
 *
 * `.png` takes `[C, H, W]` or `[1, C, H, W]`; `.tif` and `.tiff` take stacks `[N, C, H, W]` too, one page for each;
 * `.npy` takes two axes or more, and keeps them.
 * With the metadata of an ImageJ or OME file the TIFF has its axes, pixel size and names of channels. Where values do
 * not fit the type of the samples, the result has their number and one warning is printed.
 *
 * @throws ArgumentError `invalid_argument` where the name has another ending or an option is wrong, `unknown_option`,
 * `node_only` in a browser; ShapeError `shape_mismatch`.
 */
export async function writeImage(path: string, image: Tensor, options: WriteImageOptions = {}): Promise<WriteReport> {
  checkOptions("writeImage", options, keys);
  const ending = typeof path === "string" ? /\.(?:png|tiff?|npy)$/i.exec(path)?.[0].toLowerCase() : undefined;
  if (ending === undefined) {
    throw new ArgumentError(
      `writeImage: path is ${shown(path)}, expected a name that ends with .png, .tif, .tiff or .npy.`,
      "invalid_argument",
    );
  }
  const encoded = await encode("writeImage", formats[ending] ?? "tiff", image, options);
  await writeFileAtomic(path, encoded.bytes);
  const { sample, clipped, notANumber } = encoded;
  if (clipped + notANumber > 0) {
    const causes = [
      ...(clipped > 0 ? [`${clipped} are beyond ${sample} and were clipped`] : []),
      ...(notANumber > 0 ? [`${notANumber} are NaN and were written as 0`] : []),
    ];
    console.warn(
      `writeImage: ${path}: of ${image.size} values ${causes.join(", ")}; a wider type of samples keeps them.`,
    );
  }
  return { sample, clipped, notANumber };
}

/**
 * Encodes a tensor `[C, H, W]` or `[1, C, H, W]` as a PNG: 1 or 3 channels, or 4 with the opacity as the last, or 2
 * with `metadata: { alpha: true }`.
 * Values beyond the range of the samples are clipped.
 *
 * @throws ShapeError `shape_mismatch` for other shapes; ArgumentError `invalid_argument` where an option is wrong.
 */
export async function encodePng(
  image: Tensor,
  options: Pick<WriteImageOptions, "sample" | "scale" | "metadata"> = {},
): Promise<Uint8Array> {
  checkOptions("encodePng", options, keys);
  return (await encode("encodePng", "png", image, options)).bytes;
}

/** Encodes a tensor as a TIFF, as {@link writeImage} does, for a page to offer as a download. */
export async function encodeTiffImage(image: Tensor, options: WriteImageOptions = {}): Promise<Uint8Array> {
  checkOptions("encodeTiff", options, keys);
  return (await encode("encodeTiff", "tiff", image, options)).bytes;
}

async function encode(
  caller: string,
  format: Format,
  image: Tensor,
  options: WriteImageOptions,
): Promise<WriteReport & { readonly bytes: Uint8Array }> {
  if (!(image instanceof Tensor))
    throw new ArgumentError(`${caller}: image is ${typeof image}, expected a tensor.`, "invalid_argument");
  const metadata = checkMetadata(caller, options.metadata);
  const dims = format === "npy" ? undefined : stackShape(caller, format, image.shape, metadata.alpha === true);
  if (dims === undefined && (image.shape.length < 2 || image.shape.includes(0)))
    throw wrongShape(caller, format, image.shape);
  const sample = sampleOf(caller, format, options.sample);
  const { scale = "type" } = options;
  if (typeof scale === "number" ? !Number.isFinite(scale) : scale !== "type" && scale !== "none") {
    const text = `${caller}: scale is ${String(scale)}, expected "type", "none" or a number.`;
    throw new ArgumentError(text, "invalid_argument");
  }
  const compression = checkWord(caller, "compression", options.compression ?? "none", ["none", "deflate"]);
  const bits = Number(/\d+$/.exec(sample)?.[0]);
  const factor = typeof scale === "number" ? scale : scale === "none" ? 1 : largestValue(sample, bits);
  const quantised = quantise(await image.data(), sample, factor);
  const { values, clipped, notANumber } = quantised;
  const parts =
    dims === undefined
      ? [encodeNpy(values, image.shape)]
      : format === "png"
        ? [await pngOf(values as Uint8Array | Uint16Array, dims, metadata)]
        : await encodeTiff({ values, shape: dims, sample, metadata, compression });
  return { bytes: joinBytes(parts), sample, clipped, notANumber };
}

/** Checks the parts of metadata that are written. */
function checkMetadata(caller: string, metadata: unknown): Partial<ImageMetadata> {
  if (metadata === undefined) return {};
  const given = (typeof metadata === "object" ? metadata : null) as Partial<ImageMetadata> | null;
  const { axes = "", description = "", channelNames = [], sizes = {}, pixelSize } = given ?? {};
  const isPositive = (size: unknown): boolean => typeof size === "number" && Number.isFinite(size) && size > 0;
  const sides = [pixelSize?.x, pixelSize?.y, ...(pixelSize?.z === undefined ? [] : [pixelSize.z])];
  const wrong = [
    ["metadata", given !== null],
    ["metadata.axes", typeof axes === "string"],
    ["metadata.description", typeof description === "string"],
    ["metadata.channelNames", Array.isArray(channelNames) && channelNames.every((name) => typeof name === "string")],
    ["metadata.sizes", sizes !== null && typeof sizes === "object"],
    ["metadata.pixelSize", pixelSize === undefined || (sides.every(isPositive) && typeof pixelSize.unit === "string")],
  ].find(([, isRight]) => !isRight);
  if (!wrong) return given ?? {};
  const text = `${caller}: ${String(wrong[0])} is not as readPixels gives it; take it from a file, or leave it out.`;
  throw new ArgumentError(text, "invalid_argument");
}

function stackShape(
  caller: string,
  format: Format,
  shape: readonly number[],
  alpha: boolean,
): [number, number, number, number] {
  const [pages, channels, height, width] = shape.length === 3 ? [1, ...shape] : shape;
  const isImage = shape.length === 3 || shape.length === 4;
  // Two channels are mostly a complex image, which is no picture; grey with an opacity says so.
  const fits = format !== "png" || (pages === 1 && [1, 3, 4, ...(alpha ? [2] : [])].includes(channels as number));
  if (isImage && fits && shape.every((side) => side > 0))
    return [pages, channels, height, width] as [number, number, number, number];
  throw wrongShape(caller, format, shape);
}

const shapes: Readonly<Record<Format, string>> = {
  png: "[C, H, W] or [1, C, H, W] with 1, 3 or 4 channels, or 2 with metadata: { alpha: true }",
  tiff: "[C, H, W] or [N, C, H, W] without empty sides",
  npy: "two axes or more without empty sides",
};

function wrongShape(caller: string, format: Format, shape: readonly number[]): ShapeError {
  return new ShapeError(
    `${caller}: image has shape [${shape.join(", ")}], expected ${shapes[format]}.`,
    "shape_mismatch",
  );
}

function sampleOf(caller: string, format: Format, sample: SampleType | undefined): WrittenSample {
  const wanted = sample ?? (format === "png" ? "uint8" : "float32");
  const fits = format === "png" ? wanted === "uint8" || wanted === "uint16" : isWritten(wanted);
  if (fits && isWritten(wanted)) return wanted;
  const types = format === "png" ? "uint8 or uint16" : "uint8, uint16, uint32, int8, int16, int32, float32 or float64";
  throw new ArgumentError(
    `${caller}: sample is ${String(wanted)}, expected ${types}${format === "png" ? "; write a .tif" : ""}.`,
    "invalid_argument",
  );
}

/** Lengths in metres of the units of pixel sizes. */
const metres: Readonly<Record<string, number>> = { nm: 1e-9, um: 1e-6, mm: 1e-3, cm: 1e-2, m: 1, inch: 0.0254 };

async function pngOf(
  values: Uint8Array | Uint16Array,
  [, channels, height, width]: readonly [number, number, number, number],
  { pixelSize }: Partial<ImageMetadata>,
): Promise<Uint8Array> {
  const plane = height * width;
  const pixels: Quantised["values"] = values.slice();
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < plane; i++) pixels[i * channels + c] = values[c * plane + i] as number;
  }
  const unit = pixelSize && metres[pixelSize.unit];
  return await encodePngFile({
    values: pixels as Uint8Array | Uint16Array,
    width,
    height,
    channels: channels as 1 | 2 | 3 | 4,
    ...(pixelSize && unit ? { pixelSize: [pixelSize.x * unit, pixelSize.y * unit] } : {}),
  });
}
