import { ArgumentError } from "../runtime/index.js";
import { type ArrayFile, type ArrayRequest, chooseDataset, readStored, type StoredArray } from "./array.js";
import { type ArrayData, type ElementType, numpyTypes } from "./elements.js";
import { invalid, unsupported } from "./fail.js";
import { type ByteSource, bytesSource, partOf, readRange } from "./source.js";
import { entryRange, openZip, readEntry, type ZipArchive } from "./zip.js";

const FORMAT = "NumPy";

export function isNpy(head: Uint8Array): boolean {
  return String.fromCharCode(...head.subarray(0, 6)) === "\x93NUMPY";
}

/**
 * Reads a .npy file (NumPy Enhancement Proposal 1, versions 1 to 3).
 *
 * @throws FormatError `file_invalid`, `file_truncated`, `file_too_large`; `file_unsupported` with the name of the
 * element type, such as records, text or objects.
 */
export async function readNpy(source: ByteSource, request: ArrayRequest): Promise<ArrayFile> {
  const array = await npyHeader(source);
  const { data, shape, notes } = await readStored(source, array, request);
  return { data, shape, dtype: array.type, metadata: notes };
}

async function npyHeader(source: ByteSource): Promise<StoredArray> {
  const start = await readRange(source, 0, 10, `${FORMAT}: the header`);
  if (!isNpy(start)) throw invalid(FORMAT, "this is not a .npy file");
  const version = start[6] as number;
  if (version < 1 || version > 3) throw unsupported(FORMAT, `version ${version} of the format; expected 1 to 3`);
  const textBegin = version === 1 ? 10 : 12;
  const lengths = await readRange(source, 8, textBegin, `${FORMAT}: the header`);
  const view = new DataView(lengths.buffer, lengths.byteOffset, lengths.byteLength);
  const begin = textBegin + (version === 1 ? view.getUint16(0, true) : view.getUint32(0, true));
  const text = new TextDecoder().decode(await readRange(source, textBegin, begin, `${FORMAT}: the header`));
  const [, descr] = /'descr'\s*:\s*('[^']*'|\[[\s\S]*?\]\s*(?=,|\}))/.exec(text) ?? [];
  const [, fortran] = /'fortran_order'\s*:\s*(True|False)/.exec(text) ?? [];
  const [, sizes] = /'shape'\s*:\s*\(([\d,\sL]*)\)/.exec(text) ?? [];
  if (descr === undefined || fortran === undefined || sizes === undefined) {
    throw invalid(FORMAT, "the header does not say type, order and shape");
  }
  const shape = sizes
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => Number(part.replace("L", "")));
  if (shape.length > 64 || !shape.every(Number.isSafeInteger)) throw invalid(FORMAT, `the shape is (${sizes})`);
  const { type, littleEndian } = parseType(descr);
  return { format: FORMAT, begin, type, littleEndian, shape, order: fortran === "True" ? "F" : "C" };
}

function parseType(descr: string): { type: ElementType; littleEndian: boolean } {
  if (descr.startsWith("[")) {
    throw unsupported(FORMAT, `records (dtype ${descr}) are not read; save each field as an array of its own`);
  }
  const [, order, name = ""] = /^'([<>|=]?)(\w+)'$/.exec(descr) ?? [];
  if (!Object.hasOwn(numpyTypes, name)) {
    const kinds: Record<string, string> = {
      O: "Python objects",
      U: "text",
      S: "text",
      V: "raw bytes",
      M: "dates",
      m: "times",
    };
    const kind = kinds[name[0] ?? ""] ?? "an element type without a counterpart";
    const read = Object.keys(numpyTypes).join(", ");
    throw unsupported(FORMAT, `dtype ${descr} (${kind}) is not read; expected one of ${read}`);
  }
  return { type: numpyTypes[name] as ElementType, littleEndian: order !== ">" };
}

/** Stored arrays up to this size are read whole, so that their checksum is checked. */
const CHECKED = 256 * 2 ** 20;

/** Whether a zip archive holds NumPy arrays. */
export function isNpz(archive: ZipArchive): boolean {
  return [...archive.entries.keys()].some((name) => name.endsWith(".npy"));
}

/**
 * Reads an array of a .npz file; `dataset` names it. An array that is stored without compression is read in parts.
 *
 * @throws As {@link readNpy}; ArgumentError `missing_argument`, `missing_key` with the names of the arrays.
 */
export async function readNpz(source: ByteSource, request: ArrayRequest): Promise<ArrayFile> {
  const archive = await openZip(source);
  const names = [...archive.entries.keys()].filter((name) => name.endsWith(".npy")).map((name) => name.slice(0, -4));
  const name = chooseDataset("NumPy archive", names, request.dataset?.replace(/\.npy$/, ""));
  const entry = archive.entries.get(`${name}.npy`);
  if (entry === undefined) throw invalid(FORMAT, `the array ${name} is missing`);
  const inPlace = entry.method === 0 && !entry.encrypted && (request.slice !== undefined || entry.size > CHECKED);
  const inner = inPlace
    ? partOf(source, ...(await entryRange(archive, entry)))
    : bytesSource(await readEntry(archive, entry, request.maxBytes), source.name);
  const array = await readNpy(inner, request);
  return { ...array, metadata: { dataset: name, datasets: names, ...array.metadata } };
}

const codes: ReadonlyMap<string, string> = new Map([
  ["Int8Array", "|i1"],
  ["Uint8Array", "|u1"],
  ["Int16Array", "<i2"],
  ["Uint16Array", "<u2"],
  ["Int32Array", "<i4"],
  ["Uint32Array", "<u4"],
  ["Float32Array", "<f4"],
  ["Float64Array", "<f8"],
]);

/** The bytes of a .npy file, version 1; complex values have a last axis of 2. */
export function encodeNpy(data: ArrayData, shape: readonly number[], complex = false): Uint8Array {
  const code = codes.get(data.constructor.name);
  if (code === undefined) throw new ArgumentError("encodeNpy: the values are no array of numbers.", "invalid_argument");
  const descr = complex ? `<c${2 * data.BYTES_PER_ELEMENT}` : code;
  const axes = complex ? shape.slice(0, -1) : shape;
  const sizes = axes.length === 1 ? `${axes[0]},` : axes.join(", ");
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sizes}), }`;
  // The values begin at a multiple of 64.
  const begin = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(begin + data.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, begin - 10, true);
  bytes.set(new TextEncoder().encode(text.padEnd(begin - 11) + "\n"), 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), begin);
  return bytes;
}
