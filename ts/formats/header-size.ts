/** Sizes of compressed images by their headers, known before they are decoded. */
export interface HeaderSize {
  readonly width: number;
  readonly height: number;
}

/** The frame header of a JPEG; `undefined` where it has none. */
export function jpegFrame(bytes: Uint8Array) {
  // Segments: 0xff, a marker, the length; the frame header is SOF0 to SOF15.
  for (let i = 2; i + 9 < bytes.length && bytes[i] === 0xff; ) {
    const marker = bytes[i + 1] as number;
    if (marker === 0xff) {
      i += 1;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) {
      const [bits, channels] = [bytes[i + 4] as number, bytes[i + 9] as number];
      // SOF0 to SOF2 are the processes with a cosine transform and Huffman codes.
      const isUsual = marker <= 0xc2;
      return { bits, height: word(bytes, i + 5), width: word(bytes, i + 7), channels, isUsual };
    }
    i += 2 + word(bytes, i + 2);
  }
  return undefined;
}

/** Whether the pixels of a JPEG end with its last marker; a browser shows a file that was cut off half grey. */
export function isWholeJpeg(bytes: Uint8Array): boolean {
  let i = 2;
  // To the start of the scan: a preview in the metadata has a last marker too.
  while (i + 4 < bytes.length && bytes[i] === 0xff && bytes[i + 1] !== 0xda)
    i += bytes[i + 1] === 0xff ? 1 : 2 + word(bytes, i + 2);
  for (let k = bytes.length - 2; k > i; k--) if (bytes[k] === 0xff && bytes[k + 1] === 0xd9) return true;
  return false;
}

/** The size of a GIF's canvas. */
export function gifSize(bytes: Uint8Array): HeaderSize | undefined {
  if (bytes.length < 13) return undefined;
  const little = (at: number) => (bytes[at] as number) + 256 * (bytes[at + 1] as number);
  return { width: little(6), height: little(8) };
}

/** The size of a WebP (RFC 9649), and whether the file has all its bytes. */
export function webpSize(bytes: Uint8Array): (HeaderSize & { readonly whole: boolean }) | undefined {
  if (bytes.length < 30) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const whole = view.getUint32(4, true) + 8 <= bytes.length;
  const kind = String.fromCharCode(...bytes.subarray(12, 16));
  if (kind === "VP8 ")
    return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff, whole };
  if (kind === "VP8L") {
    const bits = view.getUint32(21, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1, whole };
  }
  if (kind !== "VP8X") return undefined;
  const three = (at: number) => view.getUint16(at, true) + 65536 * (bytes[at + 2] as number);
  return { width: three(24) + 1, height: three(27) + 1, whole };
}

interface AvifSize extends HeaderSize {
  readonly whole: boolean;
  /** Bits of a sample: 8, 10 or 12. */
  readonly depth: number;
}

/**
 * The largest size that the properties of an AVIF state (boxes `ispe`, ISO/IEC 23008-12), and whether the file has all
 * its boxes.
 */
export function avifSize(bytes: Uint8Array): AvifSize | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let size: HeaderSize | undefined;
  let depth = 8;
  let at = 0;
  let whole = true;
  while (at + 8 <= bytes.length) {
    const length = view.getUint32(at);
    // 0: to the end of the file; 1: a 64-bit length follows.
    const box = length === 1 && at + 16 <= bytes.length ? Number(view.getBigUint64(at + 8)) : length;
    if (box === 0) break;
    if (box < 8) return undefined;
    whole = at + box <= bytes.length;
    if (String.fromCharCode(...bytes.subarray(at + 4, at + 8)) === "meta") {
      size = largestIspe(bytes, at, box) ?? size;
      depth = av1Depth(bytes, at, box) ?? depth;
    }
    at += box;
  }
  return size && { ...size, whole, depth };
}

/** Bits of a sample by the box `av1C`: after a version, a profile and a level the flags 0x40, not 8, and 0x20, 12. */
function av1Depth(bytes: Uint8Array, from: number, length: number): number | undefined {
  for (const i of placesOf(0x61763143, 8, bytes, from, length)) {
    const flags = bytes[i + 6] as number;
    return (flags & 0x40) === 0 ? 8 : (flags & 0x20) === 0 ? 10 : 12;
  }
  return undefined;
}

function largestIspe(bytes: Uint8Array, from: number, length: number): HeaderSize | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let size: HeaderSize | undefined;
  for (const i of placesOf(0x69737065, 16, bytes, from, length)) {
    const [width, height] = [view.getUint32(i + 8), view.getUint32(i + 12)];
    if (!size || width * height > size.width * size.height) size = { width, height };
  }
  return size;
}

/** Where a range has the four letters of a box, with `size` bytes from there on. */
function* placesOf(letters: number, size: number, bytes: Uint8Array, from: number, length: number): Generator<number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = Math.min(bytes.length, from + length);
  for (let i = from; i + size <= end; i++) if (view.getUint32(i) === letters) yield i;
}

function word(bytes: Uint8Array, at: number): number {
  return 256 * (bytes[at] as number) + (bytes[at + 1] as number);
}
