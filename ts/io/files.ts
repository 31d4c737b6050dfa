import { AdjointError, ArgumentError, currentPlatform, FormatError } from "../runtime/index.js";

/**
 * The bytes of a file; in a browser, of a URL relative to the page. A URL of `file:` is one of a file in Node.
 *
 * @throws ArgumentError `file_not_found` where the file does not exist; `file_unreadable` where it is a folder or the
 * permission is missing.
 */
export async function readBytes(path: string | URL): Promise<Uint8Array> {
  try {
    const platform = await currentPlatform();
    return await platform.readFile(path);
  } catch (error) {
    throw fileError(String(path), error);
  }
}

/** The text of a file; errors as {@link readBytes}. */
export async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await readBytes(path));
}

/**
 * The value of a JSON file; errors as {@link readBytes}.
 *
 * @throws FormatError `json_invalid` where the text is not JSON.
 */
export async function readJson(path: string): Promise<unknown> {
  const text = await readText(path);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new FormatError(`${path}: the file is not JSON (${messageOf(error)}).`, "json_invalid");
  }
}

/** Converts an error of the file system into one of this library that names the path; returns others unchanged. */
export function fileError(path: string, error: unknown): Error {
  if (error instanceof AdjointError) return error;
  const code = (error as { code?: string } | null | undefined)?.code;
  if (code === "ENOENT") return new ArgumentError(`${path}: no such file or folder.`, "file_not_found");
  if (code === "EISDIR") return new ArgumentError(`${path}: this is a folder, expected a file.`, "file_unreadable");
  if (code !== undefined) return new ArgumentError(`${path}: cannot be read (${code}).`, "file_unreadable");
  return error instanceof Error ? error : new Error(String(error));
}

/** What to do about the errors of a system that cannot write. */
const WRITE_ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: "no space is left; free some, or choose another place",
  EDQUOT: "the quota is used up; free some space, or choose another place",
  EACCES: "the permission is missing; choose another place",
  EPERM: "the permission is missing; choose another place",
  EROFS: "the file system is read-only; choose another place",
  EISDIR: "this is a folder; name a file in it",
  ENOTDIR: "a part of the path is a file; choose another place",
  EEXIST: "a part of the path is a file; choose another place",
};

/** Converts an error of writing into one of this library that names the path; returns others unchanged. */
export function writeError(path: string, error: unknown): Error {
  if (error instanceof AdjointError) return error;
  const code = (error as { code?: string } | null | undefined)?.code;
  if (code !== undefined) {
    const advice = WRITE_ADVICE[code] ?? "choose another place";
    return new ArgumentError(`${path}: cannot be written (${code}): ${advice}.`, "file_unwritable");
  }
  return error instanceof Error ? error : new Error(String(error));
}

/** The first line of an error's message. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
