import { joinBytes } from "./bytes.js";
import { Crc32 } from "./inflate.js";

/** Rows of interleaved pixels. */
export interface PngImage {
  readonly values: Uint8Array | Uint16Array;
  readonly width: number;
  readonly height: number;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. */
  readonly channels: 1 | 2 | 3 | 4;
  /** Size of a pixel in metres. */
  readonly pixelSize?: readonly [number, number];
}

/**
 * Encodes a PNG (ISO/IEC 15948) with the bits of its array, 8 or 16.
 *
 * A canvas would write four channels and convert colours to the page's colour space. Each row is stored as its
 * difference from the row above (filter 2), which compresses photographs better.
 */
export async function encodePng(image: PngImage): Promise<Uint8Array> {
  const { values, width, height, channels, pixelSize } = image;
  const size = values.BYTES_PER_ELEMENT;
  const row = width * channels * size;
  const stored = size === 1 ? (values as Uint8Array) : bigEndian(values as Uint16Array);
  const filtered = new Uint8Array(height * (row + 1));
  for (let i = 0; i < height; i++) {
    const start = i * (row + 1);
    filtered[start] = 2;
    for (let j = 0; j < row; j++) {
      const above = i === 0 ? 0 : (stored[(i - 1) * row + j] as number);
      filtered[start + 1 + j] = (stored[i * row + j] as number) - above;
    }
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8 * size, [0, 4, 2, 6][channels - 1] as number, 0, 0, 0], 8);
  const data = await deflate(filtered);
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const physical = pixelSize ? [chunk("pHYs", physicalSize(pixelSize))] : [];
  const chunks = [chunk("IHDR", header), ...physical, chunk("IDAT", data), chunk("IEND", new Uint8Array(0))];
  return joinBytes([signature, ...chunks]);
}

/**
 * Compresses as zlib does. The stream is read without a `Response`: making one loads all of fetch in Node, which starts
 * WebAssembly, and ends a process that has too few addresses for it.
 */
async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const reader = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate")).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return joinBytes(parts);
    parts.push(value);
  }
}

function bigEndian(values: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(2 * values.length);
  for (let i = 0; i < values.length; i++) {
    bytes[2 * i] = (values[i] as number) >> 8;
    bytes[2 * i + 1] = values[i] as number;
  }
  return bytes;
}

/** Pixels a metre across and down, and the unit. */
function physicalSize([x, y]: readonly [number, number]): Uint8Array {
  const content = new Uint8Array(9);
  const view = new DataView(content.buffer);
  view.setUint32(0, Math.min(0x7fffffff, Math.round(1 / x)));
  view.setUint32(4, Math.min(0x7fffffff, Math.round(1 / y)));
  content[8] = 1;
  return content;
}

/** A chunk of a PNG: length, name, content, checksum of name and content. */
function chunk(name: string, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + content.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = name.charCodeAt(i);
  bytes.set(content, 8);
  view.setUint32(8 + content.length, new Crc32().add(bytes.subarray(4, 8 + content.length)).value);
  return bytes;
}
