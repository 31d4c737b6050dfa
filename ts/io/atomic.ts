import { currentPlatform } from "../runtime/index.js";

/**
 * Writes a file atomically: into a temporary file beside it, flushed to disk, then renamed to `path`. If the process is
 * killed at any time, `path` has either its old content or the new one.
 *
 * Missing folders are created. The temporary file is removed when writing fails.
 *
 * @throws ArgumentError `node_only` in a browser, which cannot write files.
 */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  const platform = await currentPlatform();
  await platform.writeFile(path, content);
}
