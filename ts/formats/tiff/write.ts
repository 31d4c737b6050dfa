import type { Quantised } from "../quantise.js";
import type { ImageMetadata } from "../raster.js";
import { compressions, photometric } from "./layout.js";
import { centimetres, describeStack, type TiffImage } from "./write-description.js";

/** Bytes of a strip before it is compressed, about. */
const stripSize = 1 << 20;

/** Bytes of a file from which on 32-bit offsets do not do; a margin is left for the directories. */
const bigSize = 2 ** 32 - 2 ** 26;

const kinds = { uint: 1, int: 2, float: 3 } as const;

/** A field of a directory: tag, type (2 text, 3 short, 4 long, 5 fraction, 16 long8), values. */
type Field = readonly [tag: number, type: 2 | 3 | 4 | 5 | 16, values: readonly number[]];

/**
 * Encodes a little-endian TIFF, or from 4 GiB on a BigTIFF: one directory a page; colours and opacity side by side,
 * channels of another meaning in planes.
 */
export async function encodeTiff(image: TiffImage): Promise<Uint8Array[]> {
  const deflate = image.compression === "deflate" ? (await import("fflate")).zlibSync : undefined;
  const { values, shape, metadata } = image;
  const [pages] = shape;
  const big = values.byteLength + 4096 * pages > bigSize;
  const parts: Uint8Array[] = [header(big)];
  let at = (parts[0] as Uint8Array).length;
  const push = (part: Uint8Array): number => {
    const padding = at % 8 === 0 ? 0 : 8 - (at % 8);
    if (padding > 0) parts.push(new Uint8Array(padding));
    const place = at + padding;
    parts.push(part);
    at = place + part.length;
    return place;
  };
  const description = describeStack(image);
  // Where the address of the next directory has to be written.
  let link = { bytes: parts[0] as Uint8Array, place: big ? 8 : 4 };
  for (let page = 0; page < pages; page++) {
    const { strips, fields } = pageStrips(image, page, deflate);
    const offsets = strips.map(push);
    const all: Field[] = [
      ...fields,
      [273, big ? 16 : 4, offsets],
      [279, big ? 16 : 4, strips.map(({ length }) => length)],
      ...resolution(metadata),
      ...(page === 0 && description !== undefined ? [text(270, description)] : []),
    ];
    const directory = encodeDirectory(all, big, push);
    setOffset(link.bytes, link.place, push(directory.bytes), big);
    link = { bytes: directory.bytes, place: directory.next };
  }
  return parts;
}

function header(big: boolean): Uint8Array {
  return big
    ? Uint8Array.of(0x49, 0x49, 43, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    : Uint8Array.of(0x49, 0x49, 42, 0, 0, 0, 0, 0);
}

function setOffset(bytes: Uint8Array, place: number, offset: number, big: boolean): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (big) view.setBigUint64(place, BigInt(offset), true);
  else view.setUint32(place, offset, true);
}

/** The strips of a page, and the fields that say how they are stored. */
function pageStrips(
  image: TiffImage,
  page: number,
  deflate: ((bytes: Uint8Array) => Uint8Array) | undefined,
): { strips: Uint8Array[]; fields: Field[] } {
  const { values, shape, sample, metadata } = image;
  const [, channels, height, width] = shape;
  const { colour } = metadata;
  const alpha = metadata.alpha === true && (channels === 2 || channels === 4);
  const isRgb = channels - (alpha ? 1 : 0) === 3 && colour !== "other" && colour !== "grey";
  const isCmyk = colour === "cmyk" && channels === 4 && !alpha;
  const planar = channels > 1 && !isRgb && !isCmyk && !alpha;
  const plane = height * width;
  const stored = values.subarray(page * channels * plane, (page + 1) * channels * plane);
  const pixels = planar ? stored : interleaved(stored, channels, plane);
  const row = width * (planar ? 1 : channels);
  const rows = Math.max(1, Math.min(height, Math.floor(stripSize / (row * values.BYTES_PER_ELEMENT))));
  const strips: Uint8Array[] = [];
  for (let p = 0; p < (planar ? channels : 1); p++) {
    for (let i = 0; i < height; i += rows) {
      const begin = p * plane + i * row;
      const strip = pixels.subarray(begin, begin + Math.min(rows, height - i) * row);
      const bytes = new Uint8Array(strip.buffer, strip.byteOffset, strip.byteLength);
      strips.push(deflate ? deflate(bytes) : bytes);
    }
  }
  const kind = kinds[sample.replace(/\d+$/, "") as keyof typeof kinds];
  const white = metadata.whiteIsZero ? photometric.whiteIsZero : photometric.blackIsZero;
  const extra = channels - (isRgb ? 3 : isCmyk ? 4 : 1);
  const same = (value: number): number[] => Array.from({ length: channels }, () => value);
  const fields: Field[] = [
    [256, 4, [width]],
    [257, 4, [height]],
    [258, 3, same(8 * values.BYTES_PER_ELEMENT)],
    [259, 3, [deflate ? compressions.deflate : compressions.none]],
    [262, 3, [isRgb ? photometric.rgb : isCmyk ? photometric.cmyk : white]],
    [277, 3, [channels]],
    [278, 4, [rows]],
    [284, 3, [planar ? 2 : 1]],
    ...(extra > 0 ? [[338, 3, Array.from({ length: extra }, () => (alpha ? 2 : 0))] as const] : []),
    [339, 3, same(kind)],
  ];
  return { strips, fields };
}

function interleaved(values: Quantised["values"], channels: number, plane: number): Quantised["values"] {
  if (channels === 1) return values;
  const result = values.slice();
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < plane; i++) result[i * channels + c] = values[c * plane + i] as number;
  }
  return result;
}

/** Pixels a centimetre; ImageJ's are a unit that its description names. */
function resolution({ pixelSize, dialect }: Partial<ImageMetadata>): Field[] {
  if (!pixelSize) return [];
  const unit = dialect === "imagej" ? 1 : centimetres[pixelSize.unit];
  if (unit === undefined) return [];
  const [x, y] = [fraction(1 / (pixelSize.x * unit)), fraction(1 / (pixelSize.y * unit))];
  if (x[0] === 0 || y[0] === 0) return [];
  return [
    [282, 5, x],
    [283, 5, y],
    [296, 3, [dialect === "imagej" ? 1 : 3]],
  ];
}

/** The nearest fraction of 32-bit integers, by continued fractions. */
function fraction(value: number): [number, number] {
  let [a, b, c, d] = [1, 0, Math.floor(value), 1];
  for (let rest = value; rest !== Math.floor(rest); ) {
    rest = 1 / (rest - Math.floor(rest));
    const whole = Math.floor(rest);
    const [numerator, denominator] = [whole * c + a, whole * d + b];
    if (numerator > 0xffffffff || denominator > 0xffffffff) break;
    [a, b, c, d] = [c, d, numerator, denominator];
  }
  return [Math.min(c, 0xffffffff), d];
}

function text(tag: number, content: string): Field {
  return [tag, 2, [...new TextEncoder().encode(content), 0]];
}

/** A directory, its long values before it. */
function encodeDirectory(fields: readonly Field[], big: boolean, push: (part: Uint8Array) => number) {
  const sorted = [...fields].sort((x, y) => x[0] - y[0]);
  const [countSize, entrySize, inline] = big ? [8, 20, 8] : [2, 12, 4];
  const bytes = new Uint8Array(countSize + entrySize * sorted.length + inline);
  const view = new DataView(bytes.buffer);
  if (big) view.setBigUint64(0, BigInt(sorted.length), true);
  else view.setUint16(0, sorted.length, true);
  for (const [k, [tag, type, values]] of sorted.entries()) {
    const at = countSize + k * entrySize;
    const content = encodeValues(type, values);
    const count = type === 5 ? values.length / 2 : values.length;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, type, true);
    setOffset(bytes, at + 4, count, big);
    const place = at + (big ? 12 : 8);
    if (content.length <= inline) bytes.set(content, place);
    else setOffset(bytes, place, push(content), big);
  }
  return { bytes, next: countSize + entrySize * sorted.length };
}

function encodeValues(type: Field[1], values: readonly number[]): Uint8Array {
  const size = type === 2 ? 1 : type === 3 ? 2 : type === 16 ? 8 : 4;
  const bytes = new Uint8Array(values.length * size);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) {
    if (size === 1) bytes[i] = value;
    else if (size === 2) view.setUint16(2 * i, value, true);
    else if (size === 4) view.setUint32(4 * i, value, true);
    else view.setBigUint64(8 * i, BigInt(value), true);
  }
  return bytes;
}
