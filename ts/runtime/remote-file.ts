import { AdjointError, ArgumentError } from "./errors.js";
import { networkError, statusError } from "./http-errors.js";
import type { OpenFile } from "./platform.js";
import { BlockCache } from "./block-cache.js";

/** Bytes that are fetched and kept together. */
const BLOCK = 1 << 20;
/** Longer parts are fetched in one request, and not kept. */
const LONG = 16 * BLOCK;
/** Bytes that are kept of all addresses. */
const KEPT = 256 * BLOCK;
/** Bytes of a file that a server sends whole, at most: they are held in memory. */
const WHOLE = 2 ** 30;
/** Milliseconds without a byte after which a request has failed. */
const SILENCE = 60_000;
/** Milliseconds before the second, third, ... attempt. */
const WAITS = [100, 400, 1600, 6400];
/** Answers that may be others soon. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

const cache = new BlockCache(KEPT);
/** Files opened whose server does not say when they change: their blocks are not those of the next opening. */
let unversioned = 0;

/** Whether a path is an address of http or https. */
export function isAddress(path: string | URL): boolean {
  return /^https?:\/\//i.test(String(path));
}

/**
 * Opens the file of an address, of which parts are fetched when they are read, in blocks of 1 MiB. The latest 256 MiB
 * are kept, for as long as the file has the same version. Attempts that a busy server or a broken connection ended are
 * made again. A server that has no ranges, or does not show them to pages of others, sends the file whole: at most 1
 * GiB.
 *
 * @throws ArgumentError `file_not_found`, `file_unreadable`, `network_failed`, `invalid_argument`.
 */
export async function openAddress(path: string | URL): Promise<OpenFile> {
  const address = checkedAddress(path);
  const head = await fetchPart(address, 0, BLOCK);
  // A server without ranges sends the whole file.
  if (head.whole) {
    const { bytes } = head;
    return {
      size: bytes.length,
      read: async (begin, end) => bytes.subarray(begin, end),
      readSync: (begin, end) => bytes.subarray(begin, end),
      close: async () => undefined,
    };
  }
  const { size, version } = head;
  const key = `${address.href} ${size} ${version === "" ? (unversioned += 1) : version}`;
  const part = async (begin: number, end: number): Promise<Uint8Array> => {
    const { bytes, ...found } = await fetchPart(address, begin, Math.min(end, size));
    if (!found.whole && found.size === size && found.version === version) return bytes;
    throw new ArgumentError(`${nameOf(address)}: the file was changed while it was read.`, "file_unreadable");
  };
  cache.put(`${key} 0`, Promise.resolve(head.bytes));
  const block = async (index: number): Promise<Uint8Array> =>
    await cache.take(`${key} ${index}`, async () => await part(index * BLOCK, (index + 1) * BLOCK));
  return {
    size,
    async read(begin, end) {
      if (end - begin > LONG) return await part(begin, end);
      const bytes = new Uint8Array(end - begin);
      const first = Math.floor(begin / BLOCK);
      const count = end > begin ? Math.ceil(end / BLOCK) - first : 0;
      const blocks = await Promise.all(Array.from({ length: count }, async (_, i) => await block(first + i)));
      for (const [i, content] of blocks.entries()) {
        const start = (first + i) * BLOCK;
        const piece = content.subarray(Math.max(0, begin - start), end - start);
        bytes.set(piece, Math.max(0, start - begin));
      }
      return bytes;
    },
    close: async () => undefined,
  };
}

function checkedAddress(path: string | URL): URL {
  try {
    return new URL(path);
  } catch {
    throw new ArgumentError(
      `${String(path)}: this is no address; expected one such as https://example.org/x.tif.`,
      "invalid_argument",
    );
  }
}

/** An address without its query, which may hold a signature. */
function nameOf({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

/** Bytes of a file, and what the server says of it. */
interface Part {
  readonly bytes: Uint8Array;
  readonly whole: boolean;
  /** Length of the file. */
  readonly size: number;
  /** What changes when the file does. */
  readonly version: string;
}

/** Fetches the bytes from `begin` to before `end`, or to the end of the file. */
async function fetchPart(address: URL, begin: number, end: number): Promise<Part> {
  for (let attempt = 0; ; attempt++) {
    const wait = WAITS[attempt];
    try {
      return await fetchOnce(address, begin, end);
    } catch (error) {
      if (wait === undefined || !isPassing(error)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

/** A failure after which another attempt makes sense. */
class Passing extends ArgumentError {}

const isPassing = (error: unknown): boolean => error instanceof Passing;

/** One attempt; without `end` it asks for the whole file. */
async function fetchOnce(address: URL, begin: number, end?: number): Promise<Part> {
  const silence = new Silence();
  try {
    const response = await fetch(address, {
      // The ranges of what is compressed on its way are not those of the file; a browser says so by itself.
      headers: end === undefined ? {} : { Range: `bytes=${begin}-${end - 1}`, "Accept-Encoding": "identity" },
      signal: silence.signal,
    });
    silence.heard();
    const { status, headers } = response;
    const version = headers.get("ETag") ?? headers.get("Last-Modified") ?? "";
    // Of an empty file there is no range.
    if (status === 416 && headers.get("Content-Range")?.endsWith("/0"))
      return { bytes: new Uint8Array(0), whole: true, size: 0, version };
    if (!response.ok) {
      await response.body?.cancel();
      const error = statusError(nameOf(address), status);
      throw PASSING.has(status) ? new Passing(error.message, error.code) : error;
    }
    if (status !== 206 || end === undefined) {
      const bytes = await bodyOf(response, WHOLE, () => silence.heard());
      if (bytes) return { bytes, whole: true, size: bytes.length, version };
      throw new ArgumentError(
        `${nameOf(address)}: the server sends the whole file, of more than ${WHOLE / 2 ** 30} GiB, in place of the ` +
          "part that is needed; use a server that supports ranges, or download the file and give its path.",
        "file_unreadable",
      );
    }
    const contentRange = headers.get("Content-Range");
    if (contentRange === null) {
      await response.body?.cancel();
      return await fetchOnce(address, 0);
    }
    const bytes = await bodyOf(response, end - begin, () => silence.heard());
    const [, first, size] = (/^bytes (\d+)-\d+\/(\d+)$/.exec(contentRange) ?? []).map(Number);
    const wrong = `${nameOf(address)}: the server sent other bytes than were asked for.`;
    if (!bytes) throw new ArgumentError(wrong, "file_unreadable");
    if (first !== begin || size === undefined || bytes.length !== Math.min(end, size) - begin)
      throw new Passing(wrong, "file_unreadable");
    return { bytes, whole: false, size, version };
  } catch (error) {
    if (error instanceof AdjointError) throw error;
    // A server that lets pages read its files need not let them ask for ranges.
    if (end !== undefined && error instanceof TypeError && error.cause === undefined)
      return await fetchOnce(address, 0);
    const failed = networkError(nameOf(address), error);
    // A connection that was refused or reset, an answer that took too long; but not an address that cannot be one.
    const { name, cause } = error as { name?: string; cause?: { code?: string } };
    const broke = name === "TimeoutError" || cause?.code !== undefined;
    throw broke ? new Passing(failed.message, failed.code, { cause: error }) : failed;
  } finally {
    silence.end();
  }
}

/** The content of an answer; `undefined` where it is longer than `limit`, and then no more of it is read. */
async function bodyOf(response: Response, limit: number, heard: () => void): Promise<Uint8Array | undefined> {
  const told = Number(response.headers.get("Content-Length") ?? 0);
  const reader = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    if (told > limit || size > limit) {
      await reader?.cancel();
      return undefined;
    }
    const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
    if (done) break;
    heard();
    chunks.push(value as Uint8Array);
    size += (value as Uint8Array).length;
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Ends a request of which nothing was heard for some time. */
class Silence {
  readonly #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.heard();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  heard(): void {
    clearTimeout(this.#timer);
    const error = new DOMException(`nothing came for ${SILENCE / 1000} s`, "TimeoutError");
    this.#timer = setTimeout(() => this.#controller.abort(error), SILENCE);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
