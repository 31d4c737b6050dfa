import { currentPlatform } from "../runtime/index.js";

/**
 * Writes a file so that no reader ever sees half of one: into a temporary file beside it, flushed to the disk, then
 * renamed over `path`. Whenever the process is killed, `path` holds either its old content or the new one, whole.
 *
 * Folders that are missing are made. The temporary file is removed when writing fails.
 *
 * @throws ArgumentError `node_only` in a browser, which cannot write files.
 */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  await (await currentPlatform()).writeFile(path, content);
}
