import { invalid, unsupported } from "./fail.js";
import { Crc32, expansionLimit, inflate } from "./inflate.js";
import { type ByteSource, readRange } from "./source.js";

/** A file inside a zip archive. */
export interface ZipEntry {
  readonly name: string;
  /** 0: stored, 8: DEFLATE. */
  readonly method: number;
  readonly compressedSize: number;
  readonly size: number;
  /** CRC-32 of the content; 0 where the writer left it out. */
  readonly crc: number;
  /** Offset of the local header. */
  readonly offset: number;
  readonly encrypted: boolean;
}

/** The directory of a zip archive (PKWARE APPNOTE 6.3), with zip64. */
export interface ZipArchive {
  readonly source: ByteSource;
  readonly entries: ReadonlyMap<string, ZipEntry>;
}

const END = 0x06054b50;
const END64 = 0x06064b50;
const END64_LOCATOR = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
/** The end record has 22 bytes and a comment of at most 65535. */
const END_SEARCH = 22 + 65535;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * Reads the directory of a zip archive; the content of its files is read later, one by one.
 *
 * @throws FormatError `file_invalid`, `file_truncated`, `file_unsupported` for an archive of several parts.
 */
export async function openZip(source: ByteSource): Promise<ZipArchive> {
  const tailStart = Math.max(0, source.size - END_SEARCH - 20);
  const tail = await source.read(tailStart, source.size);
  const view = viewOf(tail);
  let at = tail.length - 22;
  while (at >= 0 && view.getUint32(at, true) !== END) at -= 1;
  if (at < 0) throw invalid("zip", "the directory at the end is missing: the file is damaged or not complete");
  let count = view.getUint16(at + 10, true);
  let size = view.getUint32(at + 12, true);
  let offset = view.getUint32(at + 16, true);
  if (view.getUint16(at + 4, true) !== view.getUint16(at + 6, true))
    throw unsupported("zip", "the archive is one part of several");
  if (at >= 20 && view.getUint32(at - 20, true) === END64_LOCATOR) {
    const start = Number(view.getBigUint64(at - 12, true));
    const end64 = viewOf(await readRange(source, start, start + 56, "the zip64 directory"));
    if (end64.getUint32(0, true) !== END64) throw invalid("zip", "the zip64 directory is damaged");
    count = Number(end64.getBigUint64(32, true));
    size = Number(end64.getBigUint64(40, true));
    offset = Number(end64.getBigUint64(48, true));
  }
  const directory = await readRange(source, offset, offset + size, "zip: the directory");
  return { source, entries: parseDirectory(directory, count) };
}

function parseDirectory(bytes: Uint8Array, count: number): Map<string, ZipEntry> {
  const view = viewOf(bytes);
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== CENTRAL)
      throw invalid("zip", `entry ${i} of the directory is damaged`);
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const end = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
    if (end > bytes.length) throw invalid("zip", `entry ${i} of the directory is damaged`);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    const sizes = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)];
    const extra = at + 46 + nameLength;
    readZip64(viewOf(bytes.subarray(extra, extra + extraLength)), sizes);
    const [size, compressedSize, offset] = sizes as [number, number, number];
    if (entries.has(name)) throw invalid("zip", `${JSON.stringify(name)} is in the directory twice`);
    entries.set(name, {
      name,
      method: view.getUint16(at + 10, true),
      encrypted: (view.getUint16(at + 8, true) & 1) === 1,
      crc: view.getUint32(at + 16, true),
      size,
      compressedSize,
      offset,
    });
    at = end;
  }
  return entries;
}

/** Replaces sizes of 0xFFFFFFFF by those of the zip64 field (tag 1), which has only them, in order. */
function readZip64(extra: DataView, sizes: number[]): void {
  for (let at = 0; at + 4 <= extra.byteLength; ) {
    const length = extra.getUint16(at + 2, true);
    const end = Math.min(at + 4 + length, extra.byteLength);
    if (extra.getUint16(at, true) === 1) {
      let field = at + 4;
      for (let i = 0; i < sizes.length; i++) {
        if (sizes[i] !== 0xffffffff || field + 8 > end) continue;
        sizes[i] = Number(extra.getBigUint64(field, true));
        field += 8;
      }
    }
    at += 4 + length;
  }
}

/** Where the content of an entry is: its range of bytes in the file. */
export async function entryRange(archive: ZipArchive, entry: ZipEntry): Promise<[begin: number, end: number]> {
  const what = `zip: ${JSON.stringify(entry.name)}`;
  if (entry.encrypted) throw unsupported("zip", `${JSON.stringify(entry.name)} is encrypted`);
  const header = viewOf(await readRange(archive.source, entry.offset, entry.offset + 30, what));
  if (header.getUint32(0, true) !== LOCAL)
    throw invalid("zip", `the header of ${JSON.stringify(entry.name)} is damaged`);
  const begin = entry.offset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  return [begin, begin + entry.compressedSize];
}

/**
 * The content of an entry.
 *
 * @throws FormatError `file_invalid`, `file_truncated`, `file_unsupported`; `file_too_large` where it has more than
 * `maxBytes`, or without it is compressed as no real data is.
 */
export async function readEntry(archive: ZipArchive, entry: ZipEntry, maxBytes?: number): Promise<Uint8Array> {
  const name = JSON.stringify(entry.name);
  const [begin, end] = await entryRange(archive, entry);
  const packed = await readRange(archive.source, begin, end, `zip: ${name}`);
  let bytes: Uint8Array;
  if (entry.method === 0) {
    if (entry.size !== entry.compressedSize) throw invalid("zip", `the sizes of ${name} contradict each other`);
    bytes = packed;
  } else if (entry.method === 8) {
    bytes = inflate(packed, Math.min(entry.size, expansionLimit(packed.length, maxBytes)), `zip: ${name}`);
  } else {
    throw unsupported("zip", `${name} is compressed by method ${entry.method}; expected 0 (stored) or 8 (DEFLATE)`);
  }
  if (entry.crc !== 0 && new Crc32().add(bytes).value !== entry.crc) {
    throw invalid("zip", `the checksum of ${name} does not match: the file is damaged`);
  }
  return bytes;
}
