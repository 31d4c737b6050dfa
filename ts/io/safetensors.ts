import { decodeElements } from "../formats/index.js";
import { checkInstance, checkObject, checkOptions, checkText, FormatError } from "../runtime/index.js";
import { checkTensor, type DType, type Tensor, tensor } from "../tensor/index.js";
import { writeFileAtomic } from "./atomic.js";
import { checkPath, readBytes } from "./files.js";
import { elementTypes, parseHeader } from "./safetensors-header.js";

/** Tensors by name. */
export type TensorRecord = Record<string, Tensor>;

/** The content of a safetensors file. */
export interface SafetensorsFile {
  readonly tensors: TensorRecord;
  /** The strings of `__metadata__`; empty if the file has none. */
  readonly metadata: Record<string, string>;
}

/** Options for reading safetensors. */
export interface SafetensorsOptions {
  /** Element type of all tensors. Default: float64 for F64 and float32 for all others. */
  readonly dtype?: DType;
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
  checkOptions("parseSafetensorsFile", options, ["dtype"]);
  const { entries, metadata, dataStart } = parseHeader(bytes);
  const tensors: TensorRecord = {};
  for (const entry of entries) {
    const dtype = options.dtype ?? (entry.dtype === "F64" ? "float64" : "float32");
    const data = decodeElements(
      bytes.subarray(dataStart + entry.begin, dataStart + entry.end),
      elementTypes[entry.dtype],
    );
    // An assignment would set the prototype for a tensor named "__proto__".
    Object.defineProperty(tensors, entry.name, {
      value: tensor(data, { shape: [...entry.shape], dtype }),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return { tensors, metadata };
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

/** Serialises tensors (float32 as F32, float64 as F64) and metadata as the bytes of a safetensors file. */
export async function serializeSafetensors(
  tensors: TensorRecord,
  metadata: Record<string, string> = {},
): Promise<Uint8Array> {
  checkRecord("serializeSafetensors", "tensors", tensors, checkTensor);
  checkRecord("serializeSafetensors", "metadata", metadata, checkText);
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header["__metadata__"] = metadata;
  const parts: Uint8Array[] = [];
  let offset = 0;
  // float64 first, so that every tensor is aligned to its element size.
  const entries = Object.entries(tensors).sort(
    (a, b) => Number(b[1].dtype === "float64") - Number(a[1].dtype === "float64"),
  );
  for (const [name, value] of entries) {
    const data = await value.data();
    const part = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    header[name] = {
      dtype: value.dtype === "float64" ? "F64" : "F32",
      shape: [...value.shape],
      data_offsets: [offset, offset + part.byteLength],
    };
    offset += part.byteLength;
    parts.push(part);
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerLength = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + offset);
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

/** Writes a safetensors file atomically; see {@link writeFileAtomic}. */
export async function writeSafetensors(
  path: string,
  tensors: TensorRecord,
  metadata: Record<string, string> = {},
): Promise<void> {
  checkPath("writeSafetensors", path);
  await writeFileAtomic(path, await serializeSafetensors(tensors, metadata));
}
