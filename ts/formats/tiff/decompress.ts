import { requireWebAssembly } from "../webassembly.js";
import { deflateRatio, inflate } from "../zlib.js";
import { compressions } from "./layout.js";

/** Largest ratio of decoded to stored bytes, for compressions that have one. */
export const largestRatio: Readonly<Record<number, number>> = {
  [compressions.none]: 1,
  // A code of 9 to 12 bits stands for at most 3837 bytes.
  [compressions.lzw]: 2560,
  [compressions.deflate]: deflateRatio,
  [compressions.oldDeflate]: deflateRatio,
  [compressions.packBits]: 64,
};

/**
 * Decodes a strip or tile: the first `length` bytes of what it stands for, and never more.
 *
 * @param most bytes that it may stand for, for decoders that do not stop before the end.
 * @throws Error where the data are damaged or stand for fewer bytes.
 */
export async function decompress(
  bytes: Uint8Array,
  compression: number,
  length: number,
  most: number,
): Promise<Uint8Array> {
  switch (compression) {
    case compressions.lzw:
      return complete(lzw(bytes, length), length);
    case compressions.deflate:
    case compressions.oldDeflate:
      return await inflate([bytes], length);
    case compressions.packBits:
      return complete(packBits(bytes, length), length);
    case compressions.zstandard:
      return complete(await zstandard(bytes, Math.max(length, most)), length);
    default:
      // A copy: predictors and byte orders are undone in place.
      return complete(bytes.slice(0, length), length);
  }
}

function complete(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length < length) throw new Error(`the data of a block end after ${bytes.length} of ${length} bytes`);
  return bytes.length === length ? bytes : bytes.slice(0, length);
}

/** PackBits (TIFF 6.0, section 9): n >= 0 copies n + 1 bytes, n < 0 repeats the next one 1 - n times. */
function packBits(bytes: Uint8Array, length: number): Uint8Array {
  const result = new Uint8Array(length);
  let filled = 0;
  for (let at = 0; at < bytes.length && filled < length; ) {
    const n = ((bytes[at++] as number) << 24) >> 24;
    if (n >= 0) {
      const run = bytes.subarray(at, at + Math.min(n + 1, length - filled));
      result.set(run, filled);
      filled += run.length;
      at += n + 1;
    } else if (n !== -128 && at < bytes.length) {
      const end = Math.min(length, filled + 1 - n);
      result.fill(bytes[at++] as number, filled, end);
      filled = end;
    }
  }
  return result.subarray(0, filled);
}

/**
 * LZW (TIFF 6.0, section 13): codes of 9 to 12 bits, highest bit first; 256 empties the table, 257 ends.
 *
 * The entry that a code adds is the sequence of the code before it and the first byte of its own. In the output these
 * stand one after another, so that an entry is a place and a length in the output.
 */
function lzw(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes[0] === 0 && ((bytes[1] ?? 0) & 1) === 1) throw new Error("its LZW codes have the bit order of before 1992");
  const result = new Uint8Array(length);
  const [place, size] = [new Uint32Array(4096), new Uint16Array(4096)];
  let [next, width, filled] = [258, 9, 0];
  // Place and length of the last sequence in the output; length 0 after an empty table.
  let [lastPlace, lastSize] = [0, 0];
  let [buffer, available, at] = [0, 0, 0];
  while (filled < length) {
    while (available < width) {
      if (at >= bytes.length) return result.subarray(0, filled);
      buffer = ((buffer << 8) | (bytes[at++] as number)) & 0xffffff;
      available += 8;
    }
    available -= width;
    const code = (buffer >>> available) & ((1 << width) - 1);
    if (code === 257) break;
    if (code === 256) {
      [next, width, lastSize] = [258, 9, 0];
      continue;
    }
    if (lastSize > 0 && next < 4096) {
      [place[next], size[next]] = [lastPlace, lastSize + 1];
      next += 1;
    }
    if (code > 257 && code >= next) throw new Error(`the LZW code ${code} stands for nothing`);
    const from = filled;
    const count = code < 256 ? 1 : (size[code] as number);
    if (code < 256) result[filled++] = code;
    else {
      const end = Math.min(length, filled + count);
      for (let k = place[code] as number; filled < end; k++) result[filled++] = result[k] as number;
    }
    [lastPlace, lastSize] = [from, count];
    // Codes grow one entry early, as the entry of the next code will be the last that fits.
    if (next + 1 >= 1 << width && width < 12) width += 1;
  }
  return result.subarray(0, filled);
}

/** Zstandard (RFC 8878), bounded by the size of its output buffer: nothing where it stands for more. */
async function zstandard(bytes: Uint8Array, most: number): Promise<Uint8Array> {
  requireWebAssembly("TIFF");
  const { ZSTDDecoder } = await import("zstddec");
  const decoder = new ZSTDDecoder();
  await decoder.init();
  return decoder.decode(bytes, most);
}
