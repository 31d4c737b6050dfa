import { mkdir, open, readdir, readFile as read, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { FolderEntry } from "../platform.js";

/** Distinguishes the temporary files of concurrent writes. */
let writes = 0;

/** The bytes of a file. */
export async function readFile(path: string): Promise<Uint8Array> {
  return await read(path);
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
