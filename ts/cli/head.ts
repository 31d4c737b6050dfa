import { type FileHandle, open } from "node:fs/promises";
import { detectionLength } from "../formats/index.js";
import { fileError } from "../io/index.js";

/** The first bytes of a file; `undefined` for a folder. */
export async function headOf(file: string): Promise<Uint8Array | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file);
    const bytes = new Uint8Array(detectionLength);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    return bytes.subarray(0, bytesRead);
  } catch (error) {
    if ((error as { code?: string }).code === "EISDIR") return undefined;
    throw fileError(file, error);
  } finally {
    await handle?.close();
  }
}
