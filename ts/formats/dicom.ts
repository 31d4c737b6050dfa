import type { DataSet, Element } from "dicom-parser";
import { type ArrayFile, type ArrayRequest, keptAxes, readStored, type StoredArray } from "./array.js";
import { type ArrayData, elementSize, type ElementType, swapBytes } from "./elements.js";
import { colourBytes, coloursOf, toRgb } from "./dicom-colours.js";
import { describe, type DicomFile, FORMAT, item, numbers, parseElements } from "./dicom-header.js";
import { invalid, unsupported } from "./fail.js";
import { type ByteSource, bytesSource, readRange } from "./source.js";
import { elementCount, gather } from "./strided.js";

/** Pixels of a file with how they are to be read. */
export interface DicomImage {
  readonly file: DicomFile;
  /** The bytes of the pixels, in which `stored` begins at 0. */
  readonly pixels: Uint8Array;
  readonly stored: StoredArray;
  /** Axes of the shape. */
  readonly axes: readonly string[];
  /** What the samples mean: "MONOCHROME2", "RGB", ... */
  readonly photometric: string;
  /** `value = slope stored + intercept`, for each frame; `undefined` where the file does not scale. */
  readonly rescale: readonly (readonly [slope: number, intercept: number])[] | undefined;
  /** Bits that count; the others above are cleared, or repeat the sign. */
  readonly bits: number;
  /** Rows and columns; `undefined` where the file does not say. */
  readonly spacing: readonly number[] | undefined;
}

/**
 * Reads the pixels of a DICOM file (DICOM PS3.3 and PS3.5).
 *
 * The shape is pydicom's: `[frames, rows, columns, samples]`, without axes of one frame or one sample. RescaleSlope and
 * RescaleIntercept are applied, those of each frame where it has its own; the values are then float64. YBR_FULL and
 * YBR_FULL_422 become RGB.
 *
 * @throws FormatError `file_invalid`, `file_truncated`, `file_too_large`; `file_unsupported` with the name of the
 * compression.
 */
export async function readDicom(source: ByteSource, request: ArrayRequest): Promise<ArrayFile> {
  const image = await openDicom(source, request.maxBytes);
  const { stored } = image;
  const read = await readStored(bytesSource(image.pixels), stored, request);
  const frames =
    image.axes[0] === "frame" ? (read.selection.ranges[0] as { begin: number; count: number }) : { begin: 0, count: 1 };
  const data = valuesOf(image, read.data, frames);
  const spacing = image.axes.map((axis) =>
    axis === "row" ? image.spacing?.[0] : axis === "column" ? image.spacing?.[1] : 1,
  );
  const isSpaced = image.spacing !== undefined && image.axes.every((axis) => axis === "row" || axis === "column");
  return {
    data,
    shape: read.shape,
    dtype: data instanceof Float64Array && stored.type !== "float64" ? "float64" : stored.type,
    axes: keptAxes(read.selection, image.axes),
    ...(isSpaced && { spacing: keptAxes(read.selection, spacing as number[]) }),
    metadata: {
      format: FORMAT,
      transferSyntax: image.file.syntax,
      ...describe(image.file.elements),
      ...(image.photometric !== "" && { photometricInterpretation: image.photometric }),
      ...(image.spacing && { pixelSpacing: image.spacing }),
      ...(image.rescale?.length === 1 && {
        rescale: { slope: image.rescale[0]?.[0], intercept: image.rescale[0]?.[1] },
      }),
    },
  };
}

/** Parses a file and finds its pixels. */
export async function openDicom(source: ByteSource, maxBytes: number | undefined): Promise<DicomImage> {
  const bytes = await readRange(source, 0, source.size, FORMAT);
  const file = await parseElements(bytes, maxBytes);
  const { elements } = file;
  const [tag, bits, type] = pixelType(elements);
  const element = elements.elements[tag] as Element;
  if (element.encapsulatedPixelData) throw unsupported(FORMAT, "the pixels are in compressed fragments");
  const rows = size(elements, "x00280010", "Rows");
  const columns = size(elements, "x00280011", "Columns");
  const samples = elements.uint16("x00280002") ?? 1;
  const frames = elements.intString("x00280008") ?? 1;
  if (!(samples >= 1) || !Number.isSafeInteger(frames) || frames < 1)
    throw invalid(FORMAT, `${frames} frames of ${samples} samples`);
  const axes = [...(frames > 1 ? ["frame"] : []), "row", "column", ...(samples > 1 ? ["sample"] : [])];
  const shape = [...(frames > 1 ? [frames] : []), rows, columns, ...(samples > 1 ? [samples] : [])];
  const photometric = elements.string("x00280004")?.trim() ?? "";
  const colours = coloursOf(photometric, samples, elements.uint16("x00280100"));
  const expected = colourBytes(colours, elementCount(shape) * elementSize[type]);
  if (!(element.length >= expected)) {
    throw invalid(
      FORMAT,
      `the pixels have ${element.length} bytes, an array [${shape.join(", ")}] of ${type} needs ${expected}`,
    );
  }
  const bytesOfFile = elements.byteArray as Uint8Array;
  const stored = bytesOfFile.subarray(element.dataOffset, element.dataOffset + element.length);
  // Words of 16 bits hold two pixels of 8, the first one in the low byte, which a big-endian file has last.
  const isSwapped = !file.littleEndian && element.vr === "OW" && elementSize[type] === 1;
  const pixels = (isSwapped ? swapped(stored) : stored).subarray(0, expected);
  const isPlanar = samples > 1 && elements.uint16("x00280006") === 1 && colours !== "YBR_FULL_422";
  const inTurn = isPlanar ? interleaved(pixels, [frames, samples, rows * columns, elementSize[type]]) : pixels;
  return {
    file,
    axes,
    bits,
    pixels: colours ? toRgb(inTurn, colours) : inTurn,
    photometric: colours ? "RGB" : photometric,
    spacing: spacingOf(elements),
    rescale: rescaleOf(elements, frames),
    stored: { format: FORMAT, begin: 0, type, littleEndian: file.littleEndian, shape, order: "C" },
  };
}

/** A copy of bytes in which those of each pair have changed places. */
function swapped(bytes: Uint8Array): Uint8Array {
  const copied = new Uint8Array(bytes);
  swapBytes(copied, 2);
  return copied;
}

function size(elements: DataSet, tag: string, name: string): number {
  const value = elements.uint16(tag);
  if (value === undefined || value === 0) throw invalid(FORMAT, `${name} is ${value ?? "missing"}`);
  return value;
}

/** Where the pixels are, how many of their bits count, and their type. */
function pixelType(elements: DataSet): [tag: string, bits: number, type: ElementType] {
  if (elements.elements["x7fe00008"]) return ["x7fe00008", 32, "float32"];
  if (elements.elements["x7fe00009"]) return ["x7fe00009", 64, "float64"];
  if (elements.elements["x7fe00010"] === undefined) throw invalid(FORMAT, "the file has no pixels");
  const allocated = elements.uint16("x00280100");
  const isSigned = elements.uint16("x00280103") === 1;
  if (allocated !== 8 && allocated !== 16 && allocated !== 32) {
    throw unsupported(FORMAT, `pixels of ${allocated ?? "unknown"} bits (BitsAllocated); expected 8, 16 or 32`);
  }
  const bits = elements.uint16("x00280101") ?? allocated;
  const type = `${isSigned ? "int" : "uint"}${allocated}` as ElementType;
  return ["x7fe00010", bits >= 1 && bits <= allocated ? bits : allocated, type];
}

/** Samples that are stored plane by plane side by side, as pydicom gives them. */
function interleaved(
  from: Uint8Array,
  [frames, samples, plane, width]: readonly [number, number, number, number],
): Uint8Array {
  const shape = [frames, plane, samples, width];
  const strides = [samples * plane * width, width, plane * width, 1];
  return gather(from, { offset: 0, shape, strides });
}

/** The functional groups of enhanced files: those of one frame, else those that all share. */
function group(elements: DataSet, tag: string, frame: number): DataSet | undefined {
  return item(item(elements, "x52009230", frame), tag) ?? item(item(elements, "x52009229"), tag);
}

function rescaleOf(elements: DataSet, frames: number): [number, number][] | undefined {
  if (elements.elements["x00283000"]?.items?.length) {
    throw unsupported(FORMAT, "the pixels are indices of a table (Modality LUT Sequence)");
  }
  const read = (set: DataSet | undefined): [number, number] | undefined => {
    const [slope, intercept] = [set?.floatString("x00281053"), set?.floatString("x00281052")];
    if (slope === undefined && intercept === undefined) return undefined;
    const pair: [number, number] = [slope ?? 1, intercept ?? 0];
    return pair.every(Number.isFinite) ? pair : undefined;
  };
  const own = read(elements);
  const each = Array.from(
    { length: elements.elements["x52009230"] || elements.elements["x52009229"] ? frames : 0 },
    (_, frame) => read(group(elements, "x00289145", frame)),
  );
  if (each.some((pair) => pair !== undefined)) return each.map((pair) => pair ?? own ?? [1, 0]);
  return own && [own];
}

function spacingOf(elements: DataSet): number[] | undefined {
  const measures = group(elements, "x00289110", 0);
  return (
    numbers(elements, "x00280030", 2) ??
    (measures && numbers(measures, "x00280030", 2)) ??
    numbers(elements, "x00181164", 2)
  );
}

/** The values of stored pixels of some frames: bits that do not count are cleared, then the frames are scaled. */
export function valuesOf(
  { bits, rescale, stored }: DicomImage,
  data: ArrayData,
  frames: { readonly begin: number; readonly count: number },
): ArrayData {
  const unused = 8 * elementSize[stored.type] - bits;
  if (unused > 0 && !stored.type.startsWith("float")) {
    // The shifts of JavaScript are of 32 bits.
    const shift = 32 - bits;
    const isSigned = stored.type.startsWith("int");
    for (let i = 0; i < data.length; i++) {
      const high = (data[i] as number) << shift;
      data[i] = isSigned ? high >> shift : high >>> shift;
    }
  }
  if (rescale === undefined || rescale.every(([slope, intercept]) => slope === 1 && intercept === 0)) return data;
  const result = new Float64Array(data.length);
  const perFrame = data.length / Math.max(1, frames.count);
  for (let i = 0; i < data.length; i++) {
    const frame = frames.begin + Math.floor(i / perFrame);
    const [slope, intercept] = (rescale.length === 1 ? rescale[0] : rescale[frame]) ?? [1, 0];
    result[i] = slope * (data[i] as number) + intercept;
  }
  return result;
}
