import { readSync } from "node:fs";
import {
  appendFile as append,
  mkdir,
  open,
  readdir,
  readFile as read,
  realpath,
  rename,
  rm,
  stat,
  writeFile as write,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import type { FolderEntry, OpenFile } from "../platform.js";
import { isAddress, openAddress } from "../remote-file.js";
import { removeAbandoned, removeAtExit, removed, temporaryName } from "./temporary.js";

/** The bytes of a file, or of an address of http or https. */
export async function readFile(path: string | URL): Promise<Uint8Array> {
  if (isAddress(path)) return await readWhole(await openAddress(path));
  const info = await stat(path);
  if (!info.isFile() && !info.isDirectory()) return await readPipe(path);
  // Node's function refuses files of 2 GiB.
  return info.size < READ_LIMIT ? await read(path) : await readWhole(await openFile(path));
}

/** The content of a pipe or device, which has no size; some have no end. */
async function readPipe(path: string | URL): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const parts: Uint8Array[] = [];
    for (let size = 0; ; ) {
      const part = new Uint8Array(1 << 16);
      const { bytesRead } = await file.read(part, 0, part.length, null);
      if (bytesRead === 0) return Buffer.concat(parts);
      parts.push(part.subarray(0, bytesRead));
      size += bytesRead;
      if (size > PIPE_LIMIT)
        throw Object.assign(new Error(`${String(path)} goes on`), { code: "ERR_FS_FILE_TOO_LARGE" });
    }
  } finally {
    await file.close();
  }
}

async function readWhole(file: OpenFile): Promise<Uint8Array> {
  try {
    return await file.read(0, file.size);
  } finally {
    await file.close();
  }
}

/** Bytes that one call of the system reads at most. */
const READ_LIMIT = 1 << 30;
/** Bytes that are read of a pipe or device at most. */
const PIPE_LIMIT = 1 << 28;

/**
 * Opens a file to read parts of it, or an address of http or https; rejects with `EISDIR` for a folder, with `ESPIPE`
 * for a pipe or device, which has no parts.
 */
export async function openFile(path: string | URL): Promise<OpenFile> {
  if (isAddress(path)) return await openAddress(path);
  // Before it is opened, which for a pipe waits until somebody writes to it.
  const info = await stat(path);
  if (!info.isFile()) {
    const code = info.isDirectory() ? "EISDIR" : "ESPIPE";
    throw Object.assign(new Error(`${String(path)} is no file`), { code });
  }
  const file = await open(path, "r");
  const { size } = await file.stat();
  return {
    size,
    async read(begin, end) {
      const bytes = new Uint8Array(end - begin);
      for (let at = 0; at < bytes.length; ) {
        const { bytesRead } = await file.read(bytes, at, Math.min(READ_LIMIT, bytes.length - at), begin + at);
        if (bytesRead === 0) throw shortened(path);
        at += bytesRead;
      }
      return bytes;
    },
    readSync(begin, end) {
      const bytes = new Uint8Array(end - begin);
      for (let at = 0; at < bytes.length; ) {
        const count = readSync(file.fd, bytes, at, Math.min(READ_LIMIT, bytes.length - at), begin + at);
        if (count === 0) throw shortened(path);
        at += count;
      }
      return bytes;
    },
    close: async () => await file.close(),
  };
}

/** The error of a file that became shorter after it was opened. */
function shortened(path: string | URL): Error {
  return Object.assign(new Error(`${path} became shorter while it was read`), { code: "EIO" });
}

/** The files and folders inside a folder. */
export async function listFolder(path: string): Promise<FolderEntry[]> {
  return (await readdir(path)).map((name) => ({ name, path: join(path, name) }));
}

/**
 * Makes a folder and those above it that are missing. Node's own option for it does not return where a folder cannot
 * have others, such as `/proc` (its loop takes each `ENOENT` for a missing folder above).
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const above = dirname(path);
    if (code === "ENOENT" && above !== path) {
      await makeFolder(above);
      await mkdir(path).catch((again: NodeJS.ErrnoException) => refuseUnlessFolder(path, again));
      return;
    }
    await refuseUnlessFolder(path, error);
  }
}

/** Of a folder that is there some systems report another error than `EEXIST`, such as that they are read-only. */
async function refuseUnlessFolder(path: string, error: unknown): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) throw error;
}

/**
 * Writes a file atomically: into a temporary file beside it, flushed to disk, then renamed. Missing folders are
 * created. A link keeps pointing to the file, and a device or pipe is written to as it is.
 */
export async function writeFile(path: string, content: Uint8Array | string): Promise<void> {
  await makeFolder(dirname(path));
  const target = await realpath(path).catch(() => path);
  const found = await stat(target).catch(() => undefined);
  if (found?.isDirectory()) throw Object.assign(new Error(`${String(path)} is a folder`), { code: "EISDIR" });
  if (found && !found.isFile()) {
    await write(target, content);
    return;
  }
  const folder = dirname(target);
  const temporary = join(folder, temporaryName());
  removeAtExit(temporary);
  try {
    const now = await writeNew(temporary, content);
    await rename(temporary, target);
    await removeAbandoned(folder, now);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  } finally {
    removed(temporary);
  }
  await syncFolder(folder);
}

/** Writes a new file to disk; the time of it by the clock of the file system. */
async function writeNew(path: string, content: Uint8Array | string): Promise<number> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(content);
    await file.sync().catch((error: NodeJS.ErrnoException) => {
      // Some network folders cannot.
      if (!["EINVAL", "ENOTSUP", "ENOSYS"].includes(error.code ?? "")) throw error;
    });
    return (await file.stat()).mtimeMs;
  } finally {
    await file.close();
  }
}

/** Appends to a file in one write; makes the file and its folder where they are missing. */
export async function appendFile(path: string, content: Uint8Array | string): Promise<void> {
  await makeFolder(dirname(path));
  await append(path, content);
}

/** Flushes a folder, so that a rename in it survives a power failure; Windows does not support this. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch {
    // Without it the rename is still atomic.
  }
}
