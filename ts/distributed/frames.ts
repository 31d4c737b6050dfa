import { AdjointError } from "../runtime/index.js";

/** Several byte sequences as one: their number and lengths as unsigned 32-bit integers, then their bytes. */
export function joinFrames(parts: readonly Uint8Array[]): Uint8Array {
  const head = new DataView(new ArrayBuffer(4 * (parts.length + 1)));
  head.setUint32(0, parts.length, true);
  parts.forEach(({ length }, i) => head.setUint32(4 * (i + 1), length, true));
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, head.byteLength));
  joined.set(new Uint8Array(head.buffer));
  let at = head.byteLength;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** The inverse of {@link joinFrames}. */
export function splitFrames(joined: Uint8Array): Uint8Array[] {
  const view = new DataView(joined.buffer, joined.byteOffset, joined.byteLength);
  const word = (index: number): number => (4 * index + 4 <= joined.length ? view.getUint32(4 * index, true) : 0);
  const count = word(0);
  let at = 4 * (count + 1);
  const parts: Uint8Array[] = [];
  for (let i = 1; i <= count && at <= joined.length; i++) {
    parts.push(joined.subarray(at, at + word(i)));
    at += word(i);
  }
  if (parts.length === count && at === joined.length) return parts;
  throw new AdjointError(
    "Group: a message of another call came; every rank must make the same calls in the same order.",
    "rank_mismatch",
  );
}
