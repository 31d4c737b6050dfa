import { FormatError } from "../runtime/index.js";
import type { ArrayFile } from "./array.js";
import type { ElementType } from "./elements.js";
import type { DetectedFormat } from "./detect.js";
import { checkPixels, damaged, unsupported } from "./image-faults.js";
import { expansionLimit } from "./inflate.js";
import type { ImageFile, OpenOptions, Raster, SampleArray, SampleType } from "./raster.js";
import { readArrayFile } from "./read-array.js";
import type { ByteSource } from "./source.js";

/** Bytes of the values of a pixel that are allowed for. */
const bytesPerPixel = 8;

/** Types of samples by types of elements; the others are those of the same name. */
const samples: Partial<Record<ElementType, SampleType>> = { bool: "uint8", bfloat16: "float32" };

/** Where the pixels of an array are: strides of pages, rows, columns and channels. */
interface ImageAxes {
  readonly pages: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Index of a value. */
  at(page: number, row: number, column: number, channel: number): number;
}

/**
 * Opens an array of real numbers with two axes or more as images: NumPy, NIfTI, FITS, DICOM or HDF5.
 *
 * The last two axes are rows and columns, all before them are pages; a last axis of 3 or 4 behind two longer ones is
 * colours. Of NIfTI, whose arrays are `[x, y, z, ...]`, columns are x and rows are y. The whole array is read: for a
 * part of a large file take `readArray`.
 */
export async function openArrayImage(
  source: ByteSource,
  format: DetectedFormat,
  { maxPixels }: OpenOptions,
): Promise<ImageFile> {
  // Whoever allows for large pictures does not allow a small file to become one: that is asked for in bytes.
  const [wanted, plausible] = [bytesPerPixel * maxPixels, expansionLimit(source.size, undefined)];
  const maxBytes = Math.min(wanted, plausible);
  const array = await readArrayFile(source, { maxBytes }).catch((error: unknown) => {
    throw asImageFault(error, format, plausible < wanted ? { source, plausible } : { maxPixels });
  });
  const { dtype, shape } = array;
  const text = (what: string) => unsupported(format.name, what, "read it with io.readArray");
  if (dtype.startsWith("complex")) throw text("holds complex numbers");
  if (array.metadata["photometricInterpretation"] === "PALETTE COLOR") throw text("holds indices of a palette");
  const isNifti = String(array.metadata["format"] ?? "").startsWith("NIfTI");
  const axes = isNifti ? niftiAxes(shape) : imageAxes(array);
  if (!axes || shape.some((side) => side === 0)) throw text(`holds an array of shape [${shape.join(", ")}]`);
  const { pages, height, width, channels } = axes;
  checkPixels(height * width, height * width * channels, maxPixels);
  const sample = samples[dtype] ?? (dtype as SampleType);
  const bits = dtype === "bool" ? 1 : Number(/\d+$/.exec(sample)?.[0]);
  const colour = channels === 1 ? "grey" : "rgb";
  return {
    metadata: { format: format.id, bits, colour, alpha: channels === 4, ...(isNifti ? {} : { arrayShape: shape }) },
    pages,
    size: async () => [width, height],
    read: async (page) => ({
      values: pageValues(array.data as SampleArray, axes, page),
      width,
      height,
      channels,
      sample,
      bits,
      colour,
      alpha: channels === 4,
      whiteIsZero: false,
      orientation: 1,
    }),
  };
}

/** What bounds the bytes of an array: what may come of a file of its size, or the pixels that are allowed for. */
type Limit = { readonly source: ByteSource; readonly plausible: number } | { readonly maxPixels: number };

/** The errors of the reader of arrays that mean another thing here. */
function asImageFault(error: unknown, format: DetectedFormat, limit: Limit): unknown {
  const { code, message = "" } = error as { code?: string; message?: string };
  // Pictures have no names to choose by.
  if (code === "missing_argument") {
    const [, names = ""] = /option dataset: (.*)\.$/s.exec(message) ?? [];
    return unsupported(format.name, `holds several arrays (${names})`, "read one with dataset of io.readArray");
  }
  if (code === "file_unknown" && format.id !== "zip" && format.id !== "gzip")
    return damaged(format.name, "its header is not complete");
  if (code !== "file_too_large") return error;
  if ("source" in limit) {
    return new FormatError(
      `the array needs more than ${limit.plausible} bytes, and the file has ${limit.source.size}; where it can be ` +
        "trusted, read it with io.readArray and its option maxBytes.",
      "image_too_large",
    );
  }
  return new FormatError(
    `the array needs more than ${bytesPerPixel} bytes for each of ${limit.maxPixels} pixels; where it can be ` +
      "trusted, raise the limit with the option maxPixels, or read a part of it with io.readArray.",
    "image_too_large",
  );
}

function imageAxes({ shape, axes }: ArrayFile): ImageAxes | undefined {
  const [rows = 0, columns = 0, last = 0] = shape.slice(-3);
  const isColour = shape.length >= 3 && (last === 3 || last === 4) && rows > 4 && columns > 4;
  const channels = axes?.at(-1) === "sample" || isColour ? last : 1;
  const sides = channels === 1 ? shape : shape.slice(0, -1);
  const [height, width] = sides.slice(-2);
  if (height === undefined || width === undefined || sides.length < 2) return undefined;
  const pages = sides.slice(0, -2).reduce((product, side) => product * side, 1);
  const at: ImageAxes["at"] = (page, row, column, c) => ((page * height + row) * width + column) * channels + c;
  return { pages, height, width, channels, at };
}

function niftiAxes([width, height, ...others]: readonly number[]): ImageAxes | undefined {
  if (width === undefined || height === undefined) return undefined;
  const pages = others.reduce((product, side) => product * side, 1);
  return { pages, height, width, channels: 1, at: (page, row, column) => (column * height + row) * pages + page };
}

function pageValues(data: SampleArray, axes: ImageAxes, page: number): Raster["values"] {
  const { height, width, channels, at } = axes;
  const values = data.slice(0, height * width * channels);
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      for (let c = 0; c < channels; c++) values[(i * width + j) * channels + c] = data[at(page, i, j, c)] as number;
    }
  }
  return values;
}
