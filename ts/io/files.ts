import { AdjointError, ArgumentError, currentPlatform, FormatError } from "../runtime/index.js";

/**
 * The bytes of a file; in a browser of an address, relative to the page.
 *
 * @throws ArgumentError `file_not_found` where there is no such file, `file_unreadable` where it cannot be read (a
 * folder, no permission).
 */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await (await currentPlatform()).readFile(path);
  } catch (error) {
    throw fileError(path, error);
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
    throw new FormatError(`${path}: not JSON (${(error as Error).message})`, "json_invalid");
  }
}

/** Names what went wrong with a path, in the words of this library. */
export function fileError(path: string, error: unknown): Error {
  if (error instanceof AdjointError) return error;
  const code = (error as { code?: string }).code;
  if (code === "ENOENT") return new ArgumentError(`${path}: no such file or folder`, "file_not_found");
  if (code === "EISDIR") return new ArgumentError(`${path}: is a folder, a file is expected`, "file_unreadable");
  if (code !== undefined) return new ArgumentError(`${path}: cannot be read (${code})`, "file_unreadable");
  return error instanceof Error ? error : new Error(String(error));
}
