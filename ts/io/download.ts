import { joinBytes } from "../formats/index.js";
import {
  ArgumentError,
  checkFunction,
  checkInstance,
  checkOptions,
  checkText,
  checkWord,
  currentPlatform,
  FormatError,
  networkError,
  shown,
  statusError,
} from "../runtime/index.js";
import { readBytes } from "./files.js";
import { pathOf } from "./source.js";

/** How a file of another place is fetched. */
export interface DownloadOptions {
  /** SHA-256 of the file, 64 hexadecimal digits; a file with another one is refused. Default: not checked. */
  readonly sha256?: string;
  /**
   * `"use"` takes the copy of an earlier download; `"refresh"` downloads anew and keeps the copy; `"only"` never
   * downloads; `"none"` keeps nothing. Default: `"use"`.
   */
  readonly cache?: "use" | "refresh" | "only" | "none";
  /** Called as bytes arrive; `total` is undefined where the server does not say. Default: none. */
  readonly onProgress?: (state: { readonly loaded: number; readonly total: number | undefined }) => void;
  /** Ends the download. Default: none. */
  readonly signal?: AbortSignal;
}

/** The option names of {@link DownloadOptions}. */
export const downloadOptions = ["sha256", "cache", "onProgress", "signal"] as const;

/**
 * The address of a place where it is one of http or https; undefined where it is a path, or something else.
 *
 * @throws ArgumentError `invalid_argument` for what begins like an address and is none.
 */
export function addressOf(place: unknown): URL | undefined {
  const text = place instanceof URL ? place.href : place;
  if (typeof text !== "string" || !/^https?:/i.test(text)) return undefined;
  try {
    return new URL(text);
  } catch {
    throw new ArgumentError(
      `${shown(text)} is no address; expected one such as https://example.org/x.pth.`,
      "invalid_argument",
    );
  }
}

/**
 * The bytes of a file: of an address (http or https) downloaded once and kept, or of a path.
 *
 * Copies are in the folder `adjoint` of the system's caches (`XDG_CACHE_HOME`, by default `~/.cache`;
 * `~/Library/Caches`, `%LOCALAPPDATA%`), or in the folder that the environment variable `ADJOINT_CACHE` names; in a
 * page in the Cache API, under the name `adjoint`. Where no copy can be kept the file is downloaded each time.
 *
 * @throws ArgumentError `network_failed` where the server cannot be reached or the connection breaks; `file_not_found`,
 * `file_unreadable` by its answer; `not_downloaded` with `cache: "only"`; `invalid_argument`, `unknown_option`.
 * FormatError `checksum_mismatch`. The signal's reason where it ended the download.
 */
export async function download(place: string | URL, options: DownloadOptions = {}): Promise<Uint8Array> {
  const caller = "download";
  checkOptions(caller, options, downloadOptions);
  const { sha256, cache = "use", onProgress, signal } = options;
  checkWord(caller, "cache", cache, ["use", "refresh", "only", "none"]);
  if (onProgress !== undefined) checkFunction(caller, "onProgress", onProgress);
  if (signal !== undefined) checkInstance(caller, "signal", signal, AbortSignal, "an AbortSignal");
  if (sha256 !== undefined && !/^[\da-f]{64}$/i.test(checkText(caller, "sha256", sha256))) {
    throw new ArgumentError(
      `${caller}: sha256 is ${shown(sha256)}, expected 64 hexadecimal digits.`,
      "invalid_argument",
    );
  }
  const url = addressOf(place);
  if (url === undefined) {
    const path = place instanceof URL ? pathOf(place) : place;
    return await checked(path, plain(await readBytes(path)), sha256);
  }
  const address = url.href;
  const platform = await currentPlatform();
  if (cache === "use" || cache === "only") {
    const found = await platform.keptDownload(address);
    const kept = found && plain(found);
    // A copy with another checksum is of an earlier version of the file.
    if (kept && (sha256 === undefined || (await digestOf(kept)) === sha256.toLowerCase())) return kept;
  }
  if (cache === "only") {
    throw new ArgumentError(
      `${address}: no copy of it is on this machine; download it once, with cache: "use".`,
      "not_downloaded",
    );
  }
  const content = await checked(address, await received(address, onProgress, signal), sha256);
  // A folder that cannot be written costs the next download, not this one.
  if (cache !== "none") await platform.keepDownload(address, content).catch(() => undefined);
  return content;
}

/** The same bytes without the methods of Node's Buffer, whose slices are no copies. */
const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);

async function received(
  address: string,
  onProgress: DownloadOptions["onProgress"],
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const attempt = async <T>(step: () => Promise<T>): Promise<T> => {
    try {
      return await step();
    } catch (error) {
      signal?.throwIfAborted();
      throw networkError(address, error);
    }
  };
  const response = await attempt(() => fetch(address, signal === undefined ? {} : { signal }));
  if (!response.ok) throw statusError(address, response.status);
  // The length of what is compressed on its way is not that of the file.
  const length = response.headers.has("Content-Encoding") ? null : response.headers.get("Content-Length");
  const total = length === null ? undefined : Number(length);
  const parts: Uint8Array[] = [];
  let loaded = 0;
  const reader = response.body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await attempt(() => reader.read());
    if (done) break;
    parts.push(value);
    loaded += value.length;
    onProgress?.({ loaded, total });
  }
  return joinBytes(parts);
}

async function checked(name: string, content: Uint8Array, sha256: string | undefined): Promise<Uint8Array> {
  if (sha256 === undefined) return content;
  const found = await digestOf(content);
  if (found === sha256.toLowerCase()) return content;
  throw new FormatError(
    `${name}: the file has the SHA-256 ${found}, expected ${sha256}; it was changed or damaged.`,
    "checksum_mismatch",
  );
}

async function digestOf(content: Uint8Array): Promise<string> {
  // Pages that were not served by https, nor from this machine, have no subtle.
  if (typeof crypto === "undefined" || (crypto as { subtle?: unknown }).subtle === undefined) {
    throw new ArgumentError(
      "download: checksums need crypto.subtle, which pages have that were served by https; leave sha256 out.",
      "missing_library",
    );
  }
  const digest = await crypto.subtle.digest("SHA-256", content as BufferSource);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
