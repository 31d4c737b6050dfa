/** Bytes of the head of a global heap, and of the head of each of its objects, with sizes of 8 bytes. */
const HEAD = 16;

const SIGNATURE = [0x47, 0x43, 0x4f, 0x4c]; // GCOL

/**
 * Whether bytes begin with a global heap that HDF5's library would read forever: one whose free space, object 0, has
 * the size 0. The library goes from object to object by their sizes, and that of the free space includes its head (HDF5
 * file format specification 3.0, III.E).
 */
export function isEndlessHeap(bytes: Uint8Array): boolean {
  if (bytes.length < HEAD || !SIGNATURE.every((byte, i) => bytes[i] === byte)) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sizeAt = (at: number): number => Number(view.getBigUint64(at, true));
  const end = Math.min(bytes.length, sizeAt(8));
  for (let at = HEAD; at + HEAD <= end; ) {
    const size = sizeAt(at + 8);
    const isFree = view.getUint16(at, true) === 0;
    if (isFree && size === 0) return true;
    at += isFree ? size : HEAD + 8 * Math.ceil(size / 8);
  }
  return false;
}
