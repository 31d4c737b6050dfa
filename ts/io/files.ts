import { AdjointError, ArgumentError, checkKind, currentPlatform, FormatError, shown } from "../runtime/index.js";

/**
 * Refuses what is no path.
 *
 * @throws ArgumentError `invalid_argument`.
 */
export function checkPath(caller: string, path: unknown): asserts path is string {
  checkKind(caller, "path", path, {
    expected: "the path of a file, a string",
    fits: (value) => typeof value === "string" && value !== "",
  });
}

/**
 * The bytes of a file or of an address (http, https), in a browser relative to the page. A URL of `file:` is one of a
 * file in Node.
 *
 * @throws ArgumentError `file_not_found` where the file does not exist; `file_unreadable` where it is a folder or the
 * permission is missing, or by the server's answer; `network_failed`.
 */
export async function readBytes(path: string | URL): Promise<Uint8Array> {
  if (!(path instanceof URL)) checkPath("readBytes", path);
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

/** What to do about the errors of a system that cannot read. */
const READ_ADVICE: Readonly<Record<string, string>> = {
  EACCES: "the permission is missing; ask the owner of the file for it",
  EPERM: "the permission is missing; ask the owner of the file for it",
  EIO: "the disk or the network reports an error; check them, or take a copy of the file",
  ESTALE: "the network folder was changed or unmounted; mount it again",
  EMFILE: "too many files are open; close some, or raise the limit (ulimit -n)",
  ENFILE: "too many files are open; close some, or raise the limit of the system",
  ENAMETOOLONG: "the name is too long; choose a shorter one",
  ENOTDIR: "a part of the path is a file; check the path",
  ELOOP: "symbolic links refer to each other; check the path",
  ESPIPE: "this is a pipe or a device, of which no parts can be read; save its content as a file first",
  ERR_FS_FILE_TOO_LARGE: "the file is too large to be read at once",
};

/** Converts an error of the file system into one of this library that names the path; returns others unchanged. */
export function fileError(path: string, error: unknown): Error {
  if (typeof path !== "string") return fileError(shown(path), error);
  if (error instanceof AdjointError) return error;
  const code = (error as { code?: string } | null | undefined)?.code;
  if (code === "ENOENT") return new ArgumentError(`${path}: no such file or folder.`, "file_not_found");
  if (code === "EISDIR") return new ArgumentError(`${path}: this is a folder, expected a file.`, "file_unreadable");
  if (code !== undefined) {
    const advice = READ_ADVICE[code];
    const text = `${path}: cannot be read (${code})${advice === undefined ? "" : `: ${advice}`}.`;
    return new ArgumentError(text, "file_unreadable", { cause: error });
  }
  return error instanceof Error ? error : new Error(String(error));
}

/** What to do about the errors of a system that cannot write. */
const WRITE_ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: "no space is left; free some, or choose another place",
  EDQUOT: "the quota is used up; free some space, or choose another place",
  EFBIG: "the file would be larger than the system allows; raise the limit (ulimit -f), or choose another place",
  EACCES: "the permission is missing; choose another place",
  EPERM: "the permission is missing; choose another place",
  EROFS: "the file system is read-only; choose another place",
  EIO: "the disk or the network reports an error; check them, or choose another place",
  ENXIO: "the device is gone; check it, or choose another place",
  ENODEV: "the device is gone; check it, or choose another place",
  ESTALE: "the network folder was changed or unmounted; mount it again",
  ENOENT: "the folder was removed meanwhile; make it again, or choose another place",
  EISDIR: "this is a folder; name a file in it",
  ENOTDIR: "a part of the path is a file; choose another place",
  EEXIST: "a part of the path is a file; choose another place",
  ELOOP: "symbolic links refer to each other; choose another place",
  ENAMETOOLONG: "the name is too long; choose a shorter one",
  EMFILE: "too many files are open; close some, or raise the limit (ulimit -n)",
  ENFILE: "too many files are open; close some, or raise the limit of the system",
  EBUSY: "another program uses the file; close it, or choose another place",
};

/**
 * Converts an error of writing into one of this library that names the path; returns others unchanged.
 *
 * @param what what was being written. Default: the file.
 */
export function writeError(path: string, error: unknown, what?: string): Error {
  if (error instanceof AdjointError) return error;
  const code = (error as { code?: string } | null | undefined)?.code;
  if (code !== undefined) {
    const advice = WRITE_ADVICE[code] ?? "choose another place";
    const failed = what === undefined ? "cannot be written" : `${what} cannot be written`;
    return new ArgumentError(`${path}: ${failed} (${code}): ${advice}.`, "file_unwritable", { cause: error });
  }
  return error instanceof Error ? error : new Error(String(error));
}

/** The first line of an error's message. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
