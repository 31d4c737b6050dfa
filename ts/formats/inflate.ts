import { AdjointError, FormatError } from "../runtime/index.js";
import { joinBytes } from "./bytes.js";
import { invalid, reason } from "./fail.js";

/** Bytes that are given to the decoder at a time: at most 64 MiB come of them, so that a limit is noticed in time. */
const STEP = 1 << 16;

/** Collects output up to a limit. */
class Output {
  readonly #format: string;
  readonly #limit: number;
  readonly #parts: Uint8Array[] = [];
  length = 0;

  constructor(format: string, limit: number) {
    this.#format = format;
    this.#limit = limit;
  }

  push(part: Uint8Array): void {
    this.length += part.length;
    if (this.length > this.#limit) {
      throw new FormatError(
        `${this.#format}: the compressed data gives more than ${this.#limit} bytes; ` +
          "where that is right, raise maxBytes.",
        "file_too_large",
      );
    }
    this.#parts.push(part);
  }

  join(): Uint8Array {
    return joinBytes(this.#parts);
  }
}

function pushAll(stream: { push(part: Uint8Array, final?: boolean): void }, bytes: Uint8Array, format: string): void {
  try {
    for (let at = 0; at < bytes.length; at += STEP) {
      stream.push(bytes.subarray(at, at + STEP), at + STEP >= bytes.length);
    }
  } catch (error) {
    if (error instanceof AdjointError) throw error;
    throw invalid(format, `the compressed data is damaged (${reason(error)})`);
  }
}

/**
 * Decompresses raw DEFLATE data (RFC 1951) of a known size.
 *
 * @throws FormatError `file_invalid`; `file_too_large` where more than `size` bytes come.
 */
export async function inflate(bytes: Uint8Array, size: number, format: string): Promise<Uint8Array> {
  const { Inflate } = await import("fflate");
  const output = new Output(format, size);
  pushAll(new Inflate((part) => output.push(part)), bytes, format);
  if (output.length !== size)
    throw invalid(format, `${output.length} bytes came of the compressed data, expected ${size}`);
  return output.join();
}

/** Size up to which nothing is taken for an attack, and compression beyond which larger output is. */
const HARMLESS = 256 * 2 ** 20;
const RATIO = 100;

/** Bytes of values that are allowed where the user gives no limit. */
const DEFAULT_LIMIT = 2 ** 32;

/** The limit on the bytes of values: the user's, or 4 GiB. */
export function byteLimit(maxBytes: number | undefined): number {
  return maxBytes ?? DEFAULT_LIMIT;
}

/** The limit on what comes of compressed bytes: the user's, or 256 MiB, or 100 times the input, at most 4 GiB. */
export function expansionLimit(compressed: number, maxBytes: number | undefined): number {
  return maxBytes ?? Math.min(DEFAULT_LIMIT, Math.max(HARMLESS, RATIO * compressed));
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8;
}

/**
 * Decompresses gzip data (RFC 1952) of one or more members, and checks the last one's checksum and length.
 *
 * @throws FormatError `file_invalid`; `file_too_large` where more than `limit` bytes come.
 */
export async function gunzip(bytes: Uint8Array, limit: number): Promise<Uint8Array> {
  const { Gunzip } = await import("fflate");
  if (bytes.length < 18) throw invalid("gzip", "the file ends within its header");
  const output = new Output("gzip", limit);
  const crc = new Crc32();
  let memberStart = 0;
  const stream = new Gunzip((part) => {
    output.push(part);
    crc.add(part);
  });
  stream.onmember = () => {
    crc.reset();
    memberStart = output.length;
  };
  pushAll(stream, bytes, "gzip");
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8, 8);
  if (
    trailer.getUint32(0, true) !== crc.value ||
    trailer.getUint32(4, true) !== (output.length - memberStart) % 2 ** 32
  ) {
    throw invalid("gzip", "the checksum does not match: the file is damaged or not complete");
  }
  return output.join();
}

/** Compresses by gzip, without a name or a time: the same bytes for the same content. */
export async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const { gzipSync } = await import("fflate");
  return gzipSync(bytes, { mtime: 0 });
}

/** Lookup tables of CRC-32 (reflected polynomial 0xEDB88320) for eight bytes at a time. */
const tables = Array.from({ length: 8 }, () => new Uint32Array(256));
for (let n = 0; n < 256; n++) {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  (tables[0] as Uint32Array)[n] = c;
}
for (let n = 0; n < 256; n++) {
  for (let k = 1; k < 8; k++) {
    const before = (tables[k - 1] as Uint32Array)[n] as number;
    (tables[k] as Uint32Array)[n] = ((tables[0] as Uint32Array)[before & 255] as number) ^ (before >>> 8);
  }
}
const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
];

/** The checksum of gzip and zip. */
export class Crc32 {
  #state = 0xffffffff;

  reset(): void {
    this.#state = 0xffffffff;
  }

  add(bytes: Uint8Array): this {
    let c = this.#state;
    let i = 0;
    for (; i + 8 <= bytes.length; i += 8) {
      const a =
        c ^
        ((bytes[i] as number) |
          ((bytes[i + 1] as number) << 8) |
          ((bytes[i + 2] as number) << 16) |
          ((bytes[i + 3] as number) << 24));
      c =
        (t7[a & 255] as number) ^
        (t6[(a >>> 8) & 255] as number) ^
        (t5[(a >>> 16) & 255] as number) ^
        (t4[a >>> 24] as number) ^
        (t3[bytes[i + 4] as number] as number) ^
        (t2[bytes[i + 5] as number] as number) ^
        (t1[bytes[i + 6] as number] as number) ^
        (t0[bytes[i + 7] as number] as number);
    }
    for (; i < bytes.length; i++) c = (t0[(c ^ (bytes[i] as number)) & 255] as number) ^ (c >>> 8);
    this.#state = c >>> 0;
    return this;
  }

  get value(): number {
    return (this.#state ^ 0xffffffff) >>> 0;
  }
}

/**
 * Loads what decompresses raw DEFLATE data of unknown size.
 *
 * @throws FormatError, of the function that it gives: `file_invalid`; `file_too_large` where more than `limit` bytes
 * come.
 */
export async function loadInflater(): Promise<(bytes: Uint8Array, limit: number, format: string) => Uint8Array> {
  const { Inflate } = await import("fflate");
  return (bytes, limit, format) => {
    const output = new Output(format, limit);
    pushAll(new Inflate((part) => output.push(part)), bytes, format);
    return output.join();
  };
}
