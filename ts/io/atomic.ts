import { checkKind, currentPlatform } from "../runtime/index.js";
import { checkPath, writeError } from "./files.js";

function checkContent(caller: string, content: unknown): void {
  checkKind(caller, "content", content, {
    expected: "a string or a Uint8Array",
    fits: (value) => typeof value === "string" || value instanceof Uint8Array,
  });
}

/**
 * Writes a file atomically: into a temporary file beside it, flushed to disk, then renamed to `path`. If the process is
 * killed at any time, `path` has either its old content or the new one.
 *
 * Missing folders are created. The temporary file is removed when writing fails; one that a killed process has left, at
 * the next start of a program that writes into the folder.
 *
 * @param what what is written, for messages of errors. Default: the file.
 * @throws ArgumentError `file_unwritable` where there is no space or no permission; `node_only` in a browser, which
 * cannot write files.
 */
export async function writeFileAtomic(path: string, content: Uint8Array | string, what?: string): Promise<void> {
  checkPath("writeFileAtomic", path);
  checkContent("writeFileAtomic", content);
  try {
    const platform = await currentPlatform();
    await platform.writeFile(path, content);
  } catch (error) {
    throw writeError(path, error, what);
  }
}

/**
 * Appends to a file in one write. Missing folders and the file are created; what was in the file stays.
 *
 * @throws ArgumentError as {@link writeFileAtomic}.
 */
export async function appendFile(path: string, content: Uint8Array | string, what?: string): Promise<void> {
  checkPath("appendFile", path);
  checkContent("appendFile", content);
  try {
    const platform = await currentPlatform();
    await platform.appendFile(path, content);
  } catch (error) {
    throw writeError(path, error, what);
  }
}
