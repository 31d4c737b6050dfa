/** Writing files so that no reader ever sees half of one. */

let counter = 0;

/**
 * Writes a file atomically: into a temporary file beside it, flushed to the disk, then renamed over `path`.
 * Whenever the process is killed, `path` holds either its old content or the new one, whole.
 *
 * Folders that are missing are made. The temporary file is removed when writing fails.
 */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  const { mkdir, open, rename, rm } = await import("node:fs/promises");
  const { dirname } = await import("node:path");
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
  const { open } = await import("node:fs/promises");
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
