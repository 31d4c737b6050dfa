import type { ByteSource } from "./source.js";

/** Bytes read at once: the many small fields of a header then cost one reading. */
const windowSize = 65536;

/**
 * Small readings of a source from a window that is kept.
 *
 * @returns the bytes from `offset`: `length` of them, or fewer where the source ends before.
 */
export function windowed(source: ByteSource): (offset: number, length: number) => Promise<Uint8Array> {
  let [start, bytes]: [number, Uint8Array] = [0, new Uint8Array(0)];
  return async (offset, length) => {
    const end = Math.min(source.size, offset + length);
    if (length > windowSize / 2) return await source.read(offset, end);
    if (offset < start || end > start + bytes.length) {
      bytes = await source.read(offset, Math.min(source.size, offset + windowSize));
      start = offset;
    }
    return bytes.subarray(offset - start, end - start);
  };
}
