import { inflateSync } from "node:zlib";

/** Largest buffer that is taken at once; longer results are joined of several. */
const largestChunk = 2 ** 24;

/** A zlib stream of exactly `length` bytes, decoded by zlib; `undefined` for any other. */
export function inflate(parts: readonly Uint8Array[], length: number): Uint8Array | undefined {
  const stream = parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
  try {
    // A buffer that is filled exactly would be followed by a second one.
    const chunkSize = Math.max(64, Math.min(length + 1, largestChunk));
    const bytes = inflateSync(stream, { maxOutputLength: Math.max(1, length), chunkSize });
    // A copy: small buffers of Node share their memory.
    return bytes.length === length ? new Uint8Array(bytes) : undefined;
  } catch {
    return undefined;
  }
}
