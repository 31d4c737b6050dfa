import { mkdir, open, readdir, readFile as read, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

let counter = 0;

/** The bytes of a file. */
export async function readFile(path: string): Promise<Uint8Array> {
  return await read(path);
}

/** What a folder holds, folders included. */
export async function listFolder(path: string): Promise<{ name: string; path: string }[]> {
  return (await readdir(path)).map((name) => ({ name, path: join(path, name) }));
}

/**
 * Writes into a temporary file beside `path`, flushed to the disk, then renamed over it. Folders that are missing are
 * made.
 */
export async function writeFile(path: string, content: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  counter += 1;
  const temporary = `${path}.${process.pid}.${counter}.tmp`;
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

/** Flushes the folder's entry for a renamed file, where the system has such a thing (not on Windows). */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch {
    // A system that cannot flush folders keeps the rename's own guarantee.
  }
}
