import { type ElementType, elementSize } from "../formats/index.js";
import { FormatError } from "../runtime/index.js";
import { messageOf } from "./files.js";

/** Element types that can be read, with this library's names. */
export const elementTypes = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  U64: "uint64",
  I32: "int32",
  U32: "uint32",
  I16: "int16",
  U16: "uint16",
  I8: "int8",
  U8: "uint8",
  BOOL: "bool",
} as const satisfies Record<string, ElementType>;

export type SafetensorsDType = keyof typeof elementTypes;

/** One tensor of the file: its type, its shape and the range of its bytes after the header. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** A valid header. `dataStart` is the offset of the tensors' bytes in the file. */
export interface SafetensorsHeader {
  readonly entries: readonly SafetensorsEntry[];
  readonly metadata: Record<string, string>;
  readonly dataStart: number;
}

/** Axes that a tensor may have. */
const maxAxes = 32;

/** The limit of the format on the length of the header. */
export const maxHeaderBytes = 100_000_000;

/**
 * Parses and validates the header of a safetensors file: 8 bytes of length (little endian), JSON, then the tensors'
 * bytes. Nothing is allocated for tensors, so that a damaged or malicious file costs no memory.
 *
 * @throws FormatError `safetensors_truncated`, `safetensors_header_too_large`, `safetensors_header_invalid`,
 * `safetensors_dtype`; `safetensors_offsets` where a range is outside the file or does not match the shape;
 * `safetensors_overlap` where two tensors share bytes or there is a gap between them.
 */
export function parseHeader(bytes: Uint8Array): SafetensorsHeader {
  if (bytes.byteLength < 8) {
    throw fail(`the file has ${bytes.byteLength} bytes, expected at least 8 for the length of its header`, "truncated");
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(maxHeaderBytes)) {
    throw fail(
      `the header has ${length} bytes, expected at most ${maxHeaderBytes}: the file is damaged, or none of safetensors`,
      "header_too_large",
    );
  }
  const dataStart = 8 + Number(length);
  if (dataStart > bytes.byteLength) {
    throw fail(`the header has ${length} bytes, but the file ends after ${bytes.byteLength - 8} of them`, "truncated");
  }
  const header = parseJson(bytes.subarray(8, dataStart));
  const available = bytes.byteLength - dataStart;
  const entries: SafetensorsEntry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") metadata = checkMetadata(value);
    else entries.push(checkEntry(name, value, available));
  }
  checkLayout(entries, available);
  return { entries, metadata, dataStart };
}

function parseJson(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw fail(`the header is not JSON (${messageOf(error)})`, "header_invalid");
  }
  if (!isRecord(value)) throw fail("the header is not a JSON object", "header_invalid");
  return value;
}

function checkMetadata(value: unknown): Record<string, string> {
  if (!isRecord(value) || !Object.values(value).every((item) => typeof item === "string")) {
    throw fail("__metadata__ does not map names to strings", "header_invalid");
  }
  return value as Record<string, string>;
}

function checkEntry(name: string, value: unknown, available: number): SafetensorsEntry {
  if (!isRecord(value)) throw fail(`"${name}" is not described by an object`, "header_invalid");
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string") throw fail(`"${name}" has no dtype`, "header_invalid");
  if (!Object.hasOwn(elementTypes, dtype)) {
    throw fail(`"${name}" has dtype ${dtype}; expected one of ${Object.keys(elementTypes).join(", ")}`, "dtype");
  }
  if (!isSizeList(shape)) throw fail(`"${name}" has no valid shape`, "header_invalid");
  if (shape.length > maxAxes)
    throw fail(`"${name}" has ${shape.length} axes, expected at most ${maxAxes}`, "header_invalid");
  if (!isSizeList(offsets) || offsets.length !== 2) throw fail(`"${name}" has no valid data_offsets`, "header_invalid");
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > available) {
    throw fail(`"${name}" has data_offsets [${begin}, ${end}], but the file has ${available} bytes of data`, "offsets");
  }
  const expected = shape.reduce(
    (product, size) => product * size,
    elementSize[elementTypes[dtype as SafetensorsDType]],
  );
  if (end - begin !== expected) {
    throw fail(
      `"${name}" has ${end - begin} bytes, its shape [${shape.join(", ")}] of ${dtype} needs ${expected}`,
      "offsets",
    );
  }
  return { name, dtype: dtype as SafetensorsDType, shape, begin, end };
}

/** Checks that every byte of data belongs to exactly one tensor, as the format requires. */
function checkLayout(entries: readonly SafetensorsEntry[], available: number): void {
  const sorted = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  for (const entry of sorted) {
    if (entry.begin !== end) {
      const what =
        entry.begin < end ? "shares bytes with another tensor" : `has a gap of ${entry.begin - end} bytes before it`;
      throw fail(`"${entry.name}" ${what}`, "overlap");
    }
    end = entry.end;
  }
  if (end !== available) throw fail(`${available - end} bytes at the end of the file belong to no tensor`, "offsets");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizeList(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
}

function fail(text: string, code: string): FormatError {
  return new FormatError(`safetensors: ${text}.`, `safetensors_${code}`);
}
