import { decodeElements, encodeFloats, type FloatType } from "../formats/index.js";
import {
  ArgumentError,
  checkInstance,
  checkKind,
  checkObject,
  checkOptions,
  checkText,
  checkWord,
  FormatError,
} from "../runtime/index.js";
import { type DType, freeOnError, Tensor, tensor } from "../tensor/index.js";
import { writeFileAtomic } from "./atomic.js";
import { checkPath, readBytes } from "./files.js";
import { elementTypes, maxHeaderBytes, parseHeader } from "./safetensors-header.js";

/** Tensors by name. */
export type TensorRecord = Record<string, Tensor>;

/** The content of a safetensors file. */
export interface SafetensorsFile {
  readonly tensors: TensorRecord;
  /** The strings of `__metadata__`; empty if the file has none. */
  readonly metadata: Record<string, string>;
  /** The U8 entries, where the option `bytes` is true; views of what was parsed. */
  readonly bytes: Record<string, Uint8Array>;
}

/** Options for reading safetensors. */
export interface SafetensorsOptions {
  /** Element type of all tensors. Default: float64 for F64 and float32 for all others. */
  readonly dtype?: DType;
  /** Whether U8 entries are given as bytes, instead of as tensors. Default: false. */
  readonly bytes?: boolean;
}

/**
 * Parses the bytes of a safetensors file into tensors and metadata: F16, BF16, F32, F64, integers of 8 to 64
 * bits (rounded to the element type) and BOOL (0 or 1).
 *
 * @throws FormatError `safetensors_truncated`, `safetensors_header_too_large`, `safetensors_header_invalid`,
 * `safetensors_dtype`, `safetensors_offsets`, `safetensors_overlap` where the file is invalid.
 */
export function parseSafetensorsFile(bytes: Uint8Array, options: SafetensorsOptions = {}): SafetensorsFile {
  checkInstance("parseSafetensorsFile", "bytes", bytes, Uint8Array, "the bytes of a file, a Uint8Array");
  checkOptions("parseSafetensorsFile", options, ["dtype", "bytes"]);
  const { entries, metadata, dataStart } = parseHeader(bytes);
  const tensors: TensorRecord = {};
  const asBytes: Record<string, Uint8Array> = {};
  freeOnError(() => {
    for (const entry of entries) {
      const part = bytes.subarray(dataStart + entry.begin, dataStart + entry.end);
      if (entry.dtype === "U8" && options.bytes) {
        define(asBytes, entry.name, part);
        continue;
      }
      const dtype = options.dtype ?? (entry.dtype === "F64" ? "float64" : "float32");
      const data = decodeElements(part, elementTypes[entry.dtype]);
      define(tensors, entry.name, tensor(data, { shape: [...entry.shape], dtype }));
    }
  });
  return { tensors, metadata, bytes: asBytes };
}

/** Sets an entry; an assignment would set the prototype for the name `__proto__`. */
function define<T>(record: Record<string, T>, name: string, value: T): void {
  Object.defineProperty(record, name, { value, enumerable: true, writable: true, configurable: true });
}

/** The tensors of {@link parseSafetensorsFile}. */
export function parseSafetensors(bytes: Uint8Array, options: SafetensorsOptions = {}): TensorRecord {
  return parseSafetensorsFile(bytes, options).tensors;
}

/**
 * Reads the tensors of a safetensors file, such as the weights of a model trained with PyTorch.
 *
 * @throws ArgumentError `file_not_found`, `file_unreadable`; FormatError as {@link parseSafetensorsFile}, with the path
 * in the message.
 */
export async function readSafetensors(path: string, options: SafetensorsOptions = {}): Promise<TensorRecord> {
  return (await readSafetensorsFile(path, options)).tensors;
}

/** As {@link readSafetensors}, with the metadata. */
export async function readSafetensorsFile(path: string, options: SafetensorsOptions = {}): Promise<SafetensorsFile> {
  const bytes = await readBytes(path);
  try {
    return parseSafetensorsFile(bytes, options);
  } catch (error) {
    if (error instanceof FormatError) throw new FormatError(`${path}: ${error.message}`, error.code);
    throw error;
  }
}

/** Refuses what is neither a tensor nor bytes. */
function checkEntry(caller: string, name: string, value: unknown): void {
  checkKind(caller, name, value, {
    expected: "a tensor or a Uint8Array",
    fits: (entry) => entry instanceof Tensor || entry instanceof Uint8Array,
  });
}

/** Refuses what is no object of named values, each of a kind. */
function checkRecord(
  caller: string,
  name: string,
  value: unknown,
  check: (caller: string, name: string, value: unknown) => unknown,
): void {
  checkObject(caller, name, value);
  for (const [key, entry] of Object.entries(value as object)) check(caller, `${name}.${key}`, entry);
}

/** Options for writing safetensors. */
export interface WriteSafetensorsOptions {
  /**
   * Element type of all tensors in the file; values are rounded to the nearest, ties to even, as PyTorch does.
   * `"float16"` and `"bfloat16"` halve the file. Default: that of each tensor.
   */
  readonly elementType?: FloatType;
}

/** The names of the format. */
const typeNames = { float64: "F64", float32: "F32", float16: "F16", bfloat16: "BF16" } as const;
const typeSizes = { float64: 8, float32: 4, float16: 2, bfloat16: 2 } as const;

/**
 * Serialises tensors (float32 as F32, float64 as F64, or all in one element type), bytes (U8, one axis) and metadata
 * as the bytes of a safetensors file. What could not be read back is refused.
 *
 * @throws ArgumentError `invalid_argument` where the header would be longer than the format allows (100 MB), or an
 * entry has the name of the metadata; `out_of_range` where a finite value would become infinite; `out_of_memory` where
 * the file would be larger than the bytes that can be held at once.
 */
export async function serializeSafetensors(
  tensors: Readonly<Record<string, Tensor | Uint8Array>>,
  metadata: Record<string, string> = {},
  options: WriteSafetensorsOptions = {},
): Promise<Uint8Array> {
  checkRecord("serializeSafetensors", "tensors", tensors, checkEntry);
  checkRecord("serializeSafetensors", "metadata", metadata, checkText);
  checkOptions("writeSafetensors", options, ["elementType"]);
  const { elementType: asked } = options;
  if (asked !== undefined) checkWord("writeSafetensors", "elementType", asked, Object.keys(typeNames));
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header["__metadata__"] = metadata;
  const parts: Uint8Array[] = [];
  let offset = 0;
  // Larger elements first, so that every tensor is aligned to its element size.
  const entries = Object.entries(tensors).sort((a, b) => typeSize(b[1], asked) - typeSize(a[1], asked));
  for (const [name, value] of entries) {
    if (name === "__metadata__") {
      throw new ArgumentError(
        "safetensors: an entry is called __metadata__, which is the format's name for texts; choose another name.",
        "invalid_argument",
      );
    }
    const { part, dtype, shape } = await encoded(name, value, asked);
    define(header, name, { dtype, shape, data_offsets: [offset, offset + part.byteLength] });
    offset += part.byteLength;
    parts.push(part);
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerLength = Math.ceil(json.length / 8) * 8;
  if (headerLength > maxHeaderBytes) {
    throw new ArgumentError(
      `safetensors: the names, shapes and metadata have ${headerLength} bytes, the format allows ${maxHeaderBytes}; ` +
        "write several files.",
      "invalid_argument",
    );
  }
  const bytes = allocate(8 + headerLength + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.fill(0x20, 8, 8 + headerLength);
  bytes.set(json, 8);
  let position = 8 + headerLength;
  for (const part of parts) {
    bytes.set(part, position);
    position += part.byteLength;
  }
  return bytes;
}

function typeSize(value: Tensor | Uint8Array, asked: FloatType | undefined): number {
  return value instanceof Uint8Array ? 1 : typeSizes[asked ?? value.dtype];
}

interface Encoded {
  readonly part: Uint8Array;
  readonly dtype: "F64" | "F32" | "F16" | "BF16" | "U8";
  readonly shape: readonly number[];
}

async function encoded(name: string, value: Tensor | Uint8Array, asked: FloatType | undefined): Promise<Encoded> {
  if (value instanceof Uint8Array) return { part: value, dtype: "U8", shape: [value.length] };
  const data = await value.data();
  const type = asked ?? value.dtype;
  if (type === value.dtype) {
    const part = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return { part, dtype: typeNames[type], shape: value.shape };
  }
  const part = encodeFloats(data, type);
  const read = decodeElements(part, type);
  const lost = data.findIndex((entry, i) => Number.isFinite(entry) && !Number.isFinite(read[i]));
  if (lost >= 0) {
    const wider = type === "float16" ? "bfloat16" : "float64";
    throw new ArgumentError(
      `safetensors: ${JSON.stringify(name)} has the value ${data[lost]}, which ${type} cannot hold; write ${wider}.`,
      "out_of_range",
    );
  }
  return { part, dtype: typeNames[type], shape: value.shape };
}

function allocate(length: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch {
    throw new ArgumentError(
      `safetensors: the file would have ${length} bytes, more than can be held at once; write several files.`,
      "out_of_memory",
    );
  }
}

/** Writes a safetensors file atomically; see {@link serializeSafetensors} and {@link writeFileAtomic}. */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, Tensor | Uint8Array>>,
  metadata: Record<string, string> = {},
  options: WriteSafetensorsOptions = {},
): Promise<void> {
  checkPath("writeSafetensors", path);
  await writeFileAtomic(path, await serializeSafetensors(tensors, metadata, options));
}
