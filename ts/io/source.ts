import { blobSource, type ByteSource, bytesSource } from "../formats/index.js";
import {
  AdjointError,
  ArgumentError,
  checkFunction,
  checkText,
  currentPlatform,
  FormatError,
  shown,
} from "../runtime/index.js";
import { fileError } from "./files.js";

/** Where a reader takes a file from: a path, an address (http, https), a `File` or `Blob`, or its bytes. */
export type FileSource = string | URL | Blob | Uint8Array | ArrayBuffer;

/**
 * Opens a file, calls `read` with it and closes it. Errors name the file.
 *
 * @throws ArgumentError `invalid_argument` where the source is none; `file_not_found`, `file_unreadable`; FormatError
 * of `read`; `file_invalid` where a reader fails otherwise.
 */
export async function withSource<T>(
  caller: string,
  file: FileSource,
  read: (source: ByteSource) => Promise<T>,
): Promise<T> {
  const source = await openSource(caller, file);
  try {
    return await wrapErrors(source.name || caller, async () => await read(source));
  } finally {
    await source.close();
  }
}

/**
 * Puts a name before the messages of errors of a reader, and makes other errors this library's.
 *
 * @throws ArgumentError `invalid_argument` where the name is no text or the reader no function.
 */
export async function wrapErrors<T>(name: string, read: () => Promise<T>): Promise<T> {
  checkText("wrapErrors", "name", name);
  checkFunction("wrapErrors", "read", read);
  try {
    return await read();
  } catch (error) {
    throw named(name, error);
  }
}

/** Opens a file; the caller closes it. Errors as {@link withSource}. */
export async function openSource(caller: string, file: FileSource): Promise<ByteSource> {
  if (file instanceof Uint8Array) return bytesSource(file);
  if (file instanceof ArrayBuffer) return bytesSource(new Uint8Array(file));
  if (typeof Blob !== "undefined" && file instanceof Blob) return blobSource(file);
  if (typeof file !== "string" && !(file instanceof URL)) {
    throw new ArgumentError(
      `${caller}: the file is ${shown(file)}, expected a path, a File or its bytes.`,
      "invalid_argument",
    );
  }
  const path = pathOf(file);
  try {
    const platform = await currentPlatform();
    return { name: shownPath(path), ...(await platform.openFile(path)) };
  } catch (error) {
    throw fileError(shownPath(path), error);
  }
}

/** A path for messages; an address is without its query, which may hold a signature. */
export function shownPath(path: string): string {
  return /^https?:\/\//i.test(path) ? path.replace(/[?#].*$/s, "") : path;
}

/** The path of a `file:` URL; other addresses as they are. */
export function pathOf(file: string | URL): string {
  if (typeof file === "string") return file;
  if (file.protocol !== "file:") return file.href;
  try {
    // Windows: file:///C:/folder is the path C:/folder.
    return decodeURIComponent(file.pathname).replace(/^\/(?=[A-Za-z]:)/, "");
  } catch {
    throw new ArgumentError(`${file.href}: the address has a % without two hexadecimal digits.`, "invalid_argument");
  }
}

/** Codes of errors about the arrays of a file. */
const choices: ReadonlySet<string> = new Set(["missing_key", "missing_argument"]);

/** The error of a reader with the name of the file. */
export function named(name: string, error: unknown): Error {
  if (error instanceof FormatError) {
    return new FormatError(`${name}: ${error.message}`, error.code, { cause: error });
  }
  // Which of several files lacks an array is known here only.
  if (error instanceof ArgumentError && choices.has(error.code) && !error.message.startsWith(`${name}: `))
    return new ArgumentError(`${name}: ${error.message}`, error.code, { cause: error });
  if (error instanceof AdjointError) return error;
  const failure = fileError(name, error);
  if (failure instanceof AdjointError) return failure;
  const text = failure.message.replace(/\.$/, "");
  return new FormatError(`${name}: the file cannot be read (${text}).`, "file_invalid", { cause: error });
}
