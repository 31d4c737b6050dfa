import { currentPlatform } from "../runtime/index.js";

/** Compressed bytes decoded at once; Deflate makes at most 1032 times as many of them. */
const pieceSize = 16384;

/** Largest ratio of decoded to compressed bytes of Deflate. */
export const deflateRatio = 1032;

/** The Adler-32 checksum of RFC 1950. */
export function adler32(bytes: Uint8Array, before = 1): number {
  let [a, b] = [before & 0xffff, before >>> 16];
  for (let at = 0; at < bytes.length; ) {
    // 3800 steps keep b below 2^32.
    const end = Math.min(bytes.length, at + 3800);
    for (; at < end; at++) {
      a += bytes[at] as number;
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return ((b << 16) | a) >>> 0;
}

/**
 * Decodes a zlib stream (RFC 1950) of which `length` bytes are wanted; what follows them is not decoded, so that a
 * small file cannot ask for much memory.
 *
 * @param parts the stream, cut anywhere.
 * @throws Error where the stream is damaged or ends before.
 */
export async function inflate(parts: readonly Uint8Array[], length: number): Promise<Uint8Array> {
  // Three times as fast; what zlib does not take is decoded as in browsers, so that files are the same to both.
  const whole = (await currentPlatform()).inflate?.(parts, length);
  if (whole && endsWith(parts, adler32(whole))) return whole;
  const { Unzlib } = await import("fflate");
  const result = new Uint8Array(length);
  let [filled, decoded, checksum] = [0, 0, 1];
  const stream = new Unzlib((bytes) => {
    decoded += bytes.length;
    checksum = adler32(bytes, checksum);
    const kept = bytes.subarray(0, length - filled);
    result.set(kept, filled);
    filled += kept.length;
  });
  const pieces: Uint8Array[] = [];
  for (const part of parts) {
    for (let at = 0; at < part.length; at += pieceSize) pieces.push(part.subarray(at, at + pieceSize));
  }
  for (const [i, piece] of pieces.entries()) {
    if (decoded > length) break;
    stream.push(piece, i === pieces.length - 1);
  }
  if (filled < length) throw new Error(`the compressed data end after ${filled} of ${length} bytes`);
  if (decoded === length && !endsWith(parts, checksum)) throw new Error("the checksum of the compressed data is wrong");
  return result;
}

/** Whether one of the last bytes of a stream begin its checksum; some writers pad the stream. */
function endsWith(parts: readonly Uint8Array[], checksum: number): boolean {
  const tail = parts.slice(-20).flatMap((part) => Array.from(part.subarray(Math.max(0, part.length - 20))));
  for (let i = tail.length - 4; i >= Math.max(0, tail.length - 20); i--) {
    const [a, b, c, d] = tail.slice(i, i + 4) as [number, number, number, number];
    if (((a << 24) | (b << 16) | (c << 8) | d) >>> 0 === checksum) return true;
  }
  return false;
}
