import { FormatError, type OpenFile } from "../runtime/index.js";

/** The bytes of a file, read in parts, so that a reader takes only what it needs. */
export interface ByteSource extends OpenFile {
  /** The name of the file, for messages; the empty string where it has none. */
  readonly name: string;
}

/** The source of bytes in memory. */
export function bytesSource(bytes: Uint8Array, name = ""): ByteSource {
  // Not a Buffer of Node's, whose `slice` is no copy.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    name,
    size: plain.byteLength,
    read: async (begin, end) => plain.subarray(begin, end),
    readSync: (begin, end) => plain.subarray(begin, end),
    close: async () => undefined,
  };
}

/** What workers can read parts of a file with at once; pages and Node lack it. */
const { FileReaderSync: SyncReader } = globalThis as {
  FileReaderSync?: new () => { readAsArrayBuffer(blob: Blob): ArrayBuffer };
};

/** The source of a `Blob` or `File`, such as one that the user of a page chose; its parts are read when needed. */
export function blobSource(
  blob: Blob,
  name = "name" in blob && typeof blob.name === "string" ? blob.name : "",
): ByteSource {
  return {
    name,
    size: blob.size,
    read: async (begin, end) => new Uint8Array(await blob.slice(begin, end).arrayBuffer()),
    ...(SyncReader && {
      readSync: (begin, end) => new Uint8Array(new SyncReader().readAsArrayBuffer(blob.slice(begin, end))),
    }),
    close: async () => undefined,
  };
}

/**
 * The bytes from `begin` to before `end`.
 *
 * @throws FormatError `file_truncated` where the file ends before.
 */
export async function readRange(source: ByteSource, begin: number, end: number, what: string): Promise<Uint8Array> {
  const valid = Number.isSafeInteger(begin) && Number.isSafeInteger(end) && begin >= 0 && begin <= end;
  if (!valid || end > source.size) {
    throw new FormatError(
      `${what} is at bytes ${begin} to ${end}, but the file has ${source.size}; it is damaged or not complete.`,
      "file_truncated",
    );
  }
  return await source.read(begin, end);
}

/** The first bytes of a file, at most `count`. */
export async function readHead(source: ByteSource, count: number): Promise<Uint8Array> {
  return await source.read(0, Math.min(count, source.size));
}

/** The bytes of a source from `begin` to before `end`, as a source of their own. */
export function partOf(source: ByteSource, begin: number, end: number): ByteSource {
  const { readSync } = source;
  const last = Math.min(end, source.size);
  return {
    name: source.name,
    size: Math.max(0, last - begin),
    read: async (from, to) => await source.read(begin + from, begin + to),
    ...(readSync && { readSync: (from, to) => readSync(begin + from, begin + to) }),
    close: async () => undefined,
  };
}
