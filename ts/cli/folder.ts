import { readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { fileError } from "../io/index.js";

/** What is there; `undefined` also where the system does not say: then whoever opens the file says why. */
function found(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Whether there is a folder. */
export function isFolder(path: string): boolean {
  return found(path)?.isDirectory() ?? false;
}

/** Whether there is a file, or a link to one: no folder, pipe or device. */
export function isFile(path: string): boolean {
  return found(path)?.isFile() ?? false;
}

/** Whether there is a file or a folder. */
export function exists(path: string): boolean {
  return found(path) !== undefined;
}

/**
 * Names in a folder, in order.
 *
 * @throws ArgumentError `file_unreadable` where they cannot be listed.
 */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    throw fileError(folder, error);
  }
}

/** Whether two paths are of one file, also by symbolic links, through which results are written. */
export function isSameFile(one: string, other: string): boolean {
  try {
    return realpathSync.native(one) === realpathSync.native(other);
  } catch {
    return false;
  }
}
