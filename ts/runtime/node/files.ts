import { readSync } from "node:fs";
import { appendFile as append, mkdir, open, readdir, readFile as read, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { FolderEntry, OpenFile } from "../platform.js";

/** Distinguishes the temporary files of concurrent writes. */
let writes = 0;

/** The bytes of a file. */
export async function readFile(path: string | URL): Promise<Uint8Array> {
  return await read(path);
}

/** Bytes that one call of the system reads at most. */
const READ_LIMIT = 1 << 30;

/** Opens a file to read parts of it; rejects with `EISDIR` for a folder. */
export async function openFile(path: string): Promise<OpenFile> {
  const file = await open(path, "r");
  const info = await file.stat();
  if (info.isDirectory()) {
    await file.close();
    throw Object.assign(new Error(`${path} is a folder`), { code: "EISDIR" });
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
function shortened(path: string): Error {
  return Object.assign(new Error(`${path} became shorter while it was read`), { code: "EIO" });
}

/** The files and folders inside a folder. */
export async function listFolder(path: string): Promise<FolderEntry[]> {
  return (await readdir(path)).map((name) => ({ name, path: join(path, name) }));
}

/**
 * Writes a file atomically: into a temporary file beside it, flushed to disk, then renamed. Missing folders are
 * created.
 */
export async function writeFile(path: string, content: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  writes += 1;
  const temporary = `${path}.${process.pid}.${writes}.tmp`;
  try {
    const file = await open(temporary, "w");
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
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
