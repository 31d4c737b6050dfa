import { detectionLength } from "../formats/index.js";
import { fileError } from "../io/index.js";
import { currentPlatform, type OpenFile } from "../runtime/index.js";

/** The first bytes of a file; `undefined` for a folder. */
export async function headOf(file: string): Promise<Uint8Array | undefined> {
  let opened: OpenFile | undefined;
  try {
    const platform = await currentPlatform();
    opened = await platform.openFile(file);
    return await opened.read(0, Math.min(detectionLength, opened.size));
  } catch (error) {
    if ((error as { code?: string }).code === "EISDIR") return undefined;
    throw fileError(file, error);
  } finally {
    await opened?.close();
  }
}
