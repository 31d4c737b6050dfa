import { crc32c } from "./crc32c.js";

/** Compressions of Zarr whose data begin with the size of what comes of them. */
const names = ["blosc", "zstd", "lz4"] as const;
export type SizedCodec = (typeof names)[number];

/** What has to be known of the codecs of a chunk, to check it before it is decoded. */
export interface ChunkCodecs {
  /** Their names, the one that decodes last first. */
  readonly names: readonly string[];
  /** The compression that was applied last, where it is of that kind. */
  readonly outer: SizedCodec | undefined;
  /** Whether there is another of that kind below it, whose data cannot be checked. */
  readonly nested: boolean;
  /** How many checksums (CRC-32C) follow the compressed data. */
  readonly checksums: number;
}

/** @param codecs names in the order in which a chunk is encoded. */
export function chunkCodecs(codecs: readonly string[]): ChunkCodecs {
  const plain = codecs.map((name) => name.replace(/^numcodecs\./, ""));
  let end = plain.length - 1;
  while (plain[end] === "crc32c") end -= 1;
  const sized = plain.map((name) => names.find((one) => one === name));
  return {
    names: plain,
    outer: sized[end],
    nested: sized.slice(0, Math.max(0, end)).some((name) => name !== undefined),
    checksums: plain.length - 1 - end,
  };
}

/** Bytes without a number of checksums behind them; `undefined` where one does not match. */
export function withoutChecksums(bytes: Uint8Array, count: number): Uint8Array | undefined {
  let rest = bytes;
  for (let i = 0; i < count; i++) {
    const end = rest.length - 4;
    if (end < 0) return undefined;
    const stored = new DataView(rest.buffer, rest.byteOffset + end, 4).getUint32(0, true);
    rest = rest.subarray(0, end);
    if (crc32c(rest) !== stored) return undefined;
  }
  return rest;
}

/**
 * Why compressed data cannot be given to a decoder, which would take memory for any size that they claim, and waits for
 * ever where Zstandard's end too early; `undefined` where they can.
 */
export function compressedFault(codec: SizedCodec, bytes: Uint8Array, limit: number): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (codec === "zstd") return zstdFault(view, limit);
  const at = codec === "blosc" ? 4 : 0;
  if (bytes.length < (codec === "blosc" ? 16 : 4)) return `has ${bytes.length} bytes`;
  const claimed = view.getUint32(at, true);
  if (claimed > limit) return `claims ${claimed} bytes, expected at most ${limit}`;
  const stored = codec === "blosc" ? view.getUint32(12, true) : bytes.length;
  return stored === bytes.length ? undefined : `has ${bytes.length} bytes, its header says ${stored}`;
}

/** Walks over the frames and blocks of Zstandard data (RFC 8878), which must fill them exactly. */
function zstdFault(view: DataView, limit: number): string | undefined {
  let total = 0;
  let at = 0;
  const end = view.byteLength;
  while (at < end) {
    if (at + 8 > end) return "ends within a frame";
    const magic = view.getUint32(at, true);
    if (magic >>> 4 === 0x184d2a5) {
      at += 8 + view.getUint32(at + 4, true);
      continue;
    }
    if (magic !== 0xfd2fb528) return "is not Zstandard data";
    const flags = view.getUint8(at + 4);
    const isSingle = (flags & 0x20) !== 0;
    at += 5 + (isSingle ? 0 : 1) + ([0, 1, 2, 4][flags & 3] as number);
    const width = flags >> 6 === 0 ? (isSingle ? 1 : 0) : 1 << (flags >> 6);
    if (at + width > end) return "ends within a frame";
    total += contentSize(view, at, width);
    if (total > limit) return `claims ${total} bytes, expected at most ${limit}`;
    at += width;
    for (let isLast = false; !isLast; ) {
      if (at + 3 > end) return "ends within a frame";
      const header = view.getUint8(at) | (view.getUint16(at + 1, true) << 8);
      isLast = (header & 1) === 1;
      // A block of type 1 is one byte that is repeated.
      at += 3 + (((header >> 1) & 3) === 1 ? 1 : header >>> 3);
    }
    if (flags & 4) at += 4;
  }
  return at === end ? undefined : "ends within a frame";
}

function contentSize(view: DataView, at: number, width: number): number {
  if (width === 0) return 0;
  if (width === 1) return view.getUint8(at);
  if (width === 2) return view.getUint16(at, true) + 256;
  return width === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
}
