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
  // Node's function refuses files of 2 GiB; pipes and the like have no size.
  if ((await stat(path)).size < READ_LIMIT) return await read(path);
  return await readWhole(await openFile(path));
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

/** Opens a file to read parts of it, or an address of http or https; rejects with `EISDIR` for a folder. */
export async function openFile(path: string | URL): Promise<OpenFile> {
  if (isAddress(path)) return await openAddress(path);
  const file = await open(path, "r");
  const info = await file.stat();
  if (info.isDirectory()) {
    await file.close();
    throw Object.assign(new Error(`${String(path)} is a folder`), { code: "EISDIR" });
  }
  return {
    size: info.size,
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
 * Writes a file atomically: into a temporary file beside it, flushed to disk, then renamed. Missing folders are
 * created. A link keeps pointing to the file, and a device or pipe is written to as it is.
 */
export async function writeFile(path: string, content: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
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
  await mkdir(dirname(path), { recursive: true });
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
