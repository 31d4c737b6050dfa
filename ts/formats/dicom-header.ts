import type { DataSet } from "dicom-parser";
import { invalid, reason, unsupported } from "./fail.js";
import { expansionLimit, inflateAll } from "./inflate.js";

export const FORMAT = "DICOM";

export function isDicom(head: Uint8Array): boolean {
  return String.fromCharCode(...head.subarray(128, 132)) === "DICM";
}

/** Transfer syntaxes whose pixels are not compressed (DICOM PS3.5). */
const plain: ReadonlyMap<string, string> = new Map([
  ["1.2.840.10008.1.2", "implicit little endian"],
  ["1.2.840.10008.1.2.1", "explicit little endian"],
  ["1.2.840.10008.1.2.1.99", "deflated explicit little endian"],
  ["1.2.840.10008.1.2.2", "explicit big endian"],
]);

/** Beginnings of the identifiers of the others. */
const compressed: readonly (readonly [uid: string, name: string])[] = [
  ["1.2.840.10008.1.2.4.50", "JPEG baseline"],
  ["1.2.840.10008.1.2.4.51", "JPEG extended"],
  ["1.2.840.10008.1.2.4.57", "JPEG lossless"],
  ["1.2.840.10008.1.2.4.70", "JPEG lossless"],
  ["1.2.840.10008.1.2.4.80", "JPEG-LS lossless"],
  ["1.2.840.10008.1.2.4.81", "JPEG-LS"],
  ["1.2.840.10008.1.2.4.90", "JPEG 2000 lossless"],
  ["1.2.840.10008.1.2.4.91", "JPEG 2000"],
  ["1.2.840.10008.1.2.4.20", "High-throughput JPEG 2000"],
  ["1.2.840.10008.1.2.4.10", "MPEG video"],
  ["1.2.840.10008.1.2.5", "RLE"],
];

/** The elements of a file, and how its numbers are stored. */
export interface DicomFile {
  readonly elements: DataSet;
  readonly littleEndian: boolean;
  readonly syntax: string;
}

/**
 * Parses the elements of a DICOM file.
 *
 * @throws FormatError `file_invalid`; `file_unsupported` with the name of the compression.
 */
export async function parseElements(bytes: Uint8Array, maxBytes: number | undefined): Promise<DicomFile> {
  const { default: dicom } = await import("dicom-parser");
  if (!isDicom(bytes)) throw invalid(FORMAT, "the letters DICM at byte 128 are missing");
  // The library prepares for Node's Buffers, whose `slice` is a view; a plain array has one behaviour everywhere.
  const plainBytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let elements: DataSet;
  try {
    elements = dicom.parseDicom(plainBytes, {
      inflater: (whole: Uint8Array, position: number) => inflated(whole, position, maxBytes),
    });
  } catch (error) {
    // The library throws objects that hold what was parsed, and the error as `exception`.
    const inner = typeof error === "object" && error !== null && "exception" in error ? error.exception : error;
    throw invalid(FORMAT, `the elements are damaged (${reason(inner)})`);
  }
  const uid = elements.string("x00020010")?.trim() ?? "";
  const syntax = plain.get(uid);
  if (syntax === undefined) {
    const [, name = `transfer syntax ${uid || "missing"}`] = compressed.find(([start]) => uid.startsWith(start)) ?? [];
    throw unsupported(
      FORMAT,
      `the pixels are compressed (${name}), which is not read; decompress them: gdcmconv --raw in.dcm out.dcm`,
    );
  }
  return { elements, littleEndian: uid !== "1.2.840.10008.1.2.2", syntax };
}

/** The header up to `position` and the decompressed rest. */
function inflated(bytes: Uint8Array, position: number, maxBytes: number | undefined): Uint8Array {
  const packed = bytes.subarray(position);
  const rest = inflateAll(packed, expansionLimit(packed.length, maxBytes), FORMAT);
  const whole = new Uint8Array(position + rest.length);
  whole.set(bytes.subarray(0, position));
  whole.set(rest, position);
  return whole;
}

/** The numbers of an element of text such as "0.5\0.25"; `undefined` where one is missing. */
export function numbers(elements: DataSet, tag: string, count: number): number[] | undefined {
  const text = elements.string(tag);
  if (text === undefined) return undefined;
  const values = text.split("\\").map((part) => (part.trim() === "" ? NaN : Number(part)));
  return values.length === count && values.every(Number.isFinite) ? values : undefined;
}

/** The elements of the first item of a sequence. */
export function item(elements: DataSet | undefined, tag: string, index = 0): DataSet | undefined {
  return elements?.elements[tag]?.items?.[index]?.dataSet;
}

/** What is copied to `metadata`: descriptions of the device, the recording and the pixels, nothing of a person. */
const allowed: readonly (readonly [tag: string, name: string, kind: "text" | "numbers"])[] = [
  ["x00080060", "modality", "text"],
  ["x00180015", "bodyPartExamined", "text"],
  ["x00280004", "photometricInterpretation", "text"],
  ["x00080008", "imageType", "text"],
  ["x00541001", "units", "text"],
  ["x00281054", "rescaleType", "text"],
  ["x00180050", "sliceThickness", "numbers"],
  ["x00180088", "spacingBetweenSlices", "numbers"],
  ["x00280030", "pixelSpacing", "numbers"],
  ["x00181164", "imagerPixelSpacing", "numbers"],
  ["x00200032", "imagePosition", "numbers"],
  ["x00200037", "imageOrientation", "numbers"],
  ["x00281050", "windowCenter", "numbers"],
  ["x00281051", "windowWidth", "numbers"],
  ["x00280101", "bitsStored", "numbers"],
  ["x00180060", "kvp", "numbers"],
  ["x00181151", "tubeCurrent", "numbers"],
  ["x00181150", "exposureTime", "numbers"],
  ["x00181210", "convolutionKernel", "text"],
  ["x00180080", "repetitionTime", "numbers"],
  ["x00180081", "echoTime", "numbers"],
  ["x00180082", "inversionTime", "numbers"],
  ["x00181314", "flipAngle", "numbers"],
  ["x00180087", "magneticFieldStrength", "numbers"],
  ["x00181063", "frameTime", "numbers"],
];

/** Elements that describe the recording, by an allow-list: no name, date, number or text of a person or place. */
export function describe(elements: DataSet): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [tag, name, kind] of allowed) {
    const vr = elements.elements[tag]?.vr;
    const value =
      kind === "text"
        ? elements.string(tag)?.trim()
        : vr === "US"
          ? elements.uint16(tag)
          : listOf(elements.string(tag));
    if (value !== undefined && value !== "") result[name] = value;
  }
  const bits = elements.uint16("x00280101");
  if (bits !== undefined) result["bitsStored"] = bits;
  return result;
}

function listOf(text: string | undefined): number | number[] | undefined {
  if (text === undefined) return undefined;
  const values = text.split("\\").map(Number);
  if (!values.every(Number.isFinite)) return undefined;
  return values.length === 1 ? values[0] : values;
}
