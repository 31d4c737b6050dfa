// Damages files as accidents and attackers do.
import { crc32, gunzipSync, gzipSync } from "node:zlib";
import { unzipSync, zipSync } from "fflate";

/** Values at which sizes, counts and offsets go wrong. */
const EDGES = [0, 1, 2, 3, 7, 8, 16, 127, 128, 255, 256, 32767, 32768, 65535, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];

const join = (...parts) => Uint8Array.from(Buffer.concat(parts));

/**
 * A copy of a file with one to eight changes: bytes, bits, numbers, parts that are missing, doubled or of another file.
 *
 * @param next numbers in [0, 1), which decide.
 * @param others files of the format, whose parts may come in.
 */
export function damage(file, next, others = []) {
  const draw = (n) => Math.floor(next() * n);
  // The slice of a Buffer would be the file itself.
  let bytes = Uint8Array.from(file);
  for (let k = draw(8); k >= 0 && bytes.length > 0; k--) {
    // Headers decide more than values.
    const at = draw(draw(2) === 0 ? Math.min(bytes.length, 1024) : bytes.length);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const kind = draw(9);
    if (kind < 2) bytes[at] = draw(256);
    else if (kind === 2) bytes[at] ^= 1 << draw(8);
    else if (kind === 3 && at + 4 <= bytes.length) view.setUint32(at, EDGES[draw(EDGES.length)], draw(2) === 0);
    else if (kind === 4 && at + 2 <= bytes.length) view.setUint16(at, EDGES[draw(EDGES.length)] & 65535, draw(2) === 0);
    else if (kind === 5 && draw(3) === 0) bytes = bytes.slice(0, at);
    else if (kind === 6) bytes = join(bytes.subarray(0, at), bytes.subarray(at + draw(20)));
    else if (kind === 7) bytes = join(bytes.subarray(0, at), bytes.subarray(Math.max(0, at - draw(20))));
    else if (kind === 8 && others.length > 0 && draw(3) === 0)
      bytes = join(bytes.subarray(0, at), others[draw(others.length)].subarray(at));
  }
  return bytes;
}

/**
 * A damaged copy; of a file with checksums or packed content in half of all cases one whose content is damaged and
 * whose checksums are right, so that readers get to it.
 */
export function damageWithin(file, next, others = []) {
  if (next() < 0.5) return damage(file, next, others);
  if (starts(file, 0x89, 0x50, 0x4e, 0x47)) return withChecksums(damage(file, next, others));
  if (starts(file, 0x1f, 0x8b)) return Uint8Array.from(gzipSync(damage(Uint8Array.from(gunzipSync(file)), next)));
  if (!starts(file, 0x50, 0x4b, 3, 4)) return damage(file, next, others);
  const entries = unzipSync(file);
  const names = Object.keys(entries);
  const name = names[Math.floor(next() * names.length)];
  // PyTorch does not compress.
  return zipSync({ ...entries, [name]: damage(entries[name], next) }, { level: 0 });
}

const starts = (bytes, ...first) => first.every((byte, i) => bytes[i] === byte);

/** Makes the checksums of a PNG right again. */
function withChecksums(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    if (at + 12 + length > bytes.length) break;
    view.setUint32(at + 8 + length, crc32(bytes.subarray(at + 4, at + 8 + length)));
    at += 12 + length;
  }
  return bytes;
}
