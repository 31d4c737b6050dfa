import { Crc32 } from "./inflate.js";
import { checkPixels, damaged } from "./image-faults.js";
import { exifOrientation } from "./exif.js";
import { deflateRatio, inflate } from "./zlib.js";
import { unfilter } from "./png-filter.js";
import type { ImageFile, ImageMetadata, OpenOptions, Raster } from "./raster.js";

/** What the chunks of a PNG say before its pixels. */
interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha. */
  readonly type: 0 | 2 | 3 | 4 | 6;
  readonly interlaced: boolean;
  readonly palette: Uint8Array | undefined;
  /** Chunk tRNS: opacities of the palette, or the colour that is transparent. */
  readonly transparency: Uint8Array | undefined;
  readonly orientation: number;
  readonly metadata: ImageMetadata;
  readonly data: readonly Uint8Array[];
}

/** Values a pixel of each colour type. */
const samples = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;

/** Bits that each colour type may have (PNG, third edition, table 8). */
const depths = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] } as const;

/** Adam7: first column, first row, steps across and down of each pass. */
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/**
 * Opens a PNG (ISO/IEC 15948, 1 to 16 bits, interlaced or not).
 *
 * Our own reader on fflate's Deflate: it gives the same bits in Node and in browsers, knows sizes before it takes
 * memory, and stops where the pixels are complete (fast-png 8.0.0 decompresses without a limit, and misplaces
 * interlaced pixels of less than 8 bits).
 */
export function openPng(bytes: Uint8Array, options: OpenOptions): ImageFile {
  const header = readChunks(bytes, options);
  return {
    metadata: header.metadata,
    pages: 1,
    size: async () => [header.width, header.height],
    read: async () => decode(header),
  };
}

function readChunks(bytes: Uint8Array, { maxPixels }: OpenOptions): PngHeader {
  const fault = (what: string) => damaged("PNG", what);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let header: Omit<PngHeader, "data" | "palette" | "transparency" | "orientation" | "metadata"> | undefined;
  let [palette, transparency, orientation]: [Uint8Array | undefined, Uint8Array | undefined, number] = [
    undefined,
    undefined,
    1,
  ];
  let pixelSize: ImageMetadata["pixelSize"];
  const data: Uint8Array[] = [];
  for (let at = 8, ended = false; !ended; ) {
    if (at + 12 > bytes.length) throw fault("it ends before its last chunk");
    const length = view.getUint32(at);
    const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (at + 12 + length > bytes.length) throw fault(`it ends within the chunk ${shown(kind)}`);
    const content = bytes.subarray(at + 8, at + 8 + length);
    const isCritical = kind === "IHDR" || kind === "PLTE" || kind === "IDAT" || kind === "IEND";
    const isRight = new Crc32().add(bytes.subarray(at + 4, at + 8 + length)).value === view.getUint32(at + 8 + length);
    if (isCritical && !isRight) throw fault(`the checksum of the chunk ${kind} is wrong`);
    if (!header && kind !== "IHDR") throw fault("its first chunk is not IHDR");
    if (kind === "IHDR") header = readHeader(content, fault);
    else if (kind === "PLTE") palette = content;
    else if (kind === "tRNS" && isRight) transparency = content;
    else if (kind === "eXIf" && isRight) orientation = exifOrientation(content);
    else if (kind === "pHYs" && isRight && length === 9 && content[8] === 1) {
      const [x, y] = [view.getUint32(at + 8), view.getUint32(at + 12)];
      if (x > 0 && y > 0) pixelSize = { x: 1 / x, y: 1 / y, unit: "m" };
    } else if (kind === "IDAT") data.push(content);
    else if (!isCritical && isRight && /^[A-Z]/.test(kind)) throw fault(`the chunk ${shown(kind)} is unknown`);
    ended = kind === "IEND";
    at += 12 + length;
  }
  if (!header) throw fault("it has no header");
  const { width, height, type, depth } = header;
  checkPixels(width * height, width * height, maxPixels);
  if (data.length === 0) throw fault("it has no pixels");
  if (type === 3 && (!palette || palette.length === 0 || palette.length % 3 !== 0))
    throw fault("its palette is missing");
  const metadata: ImageMetadata = {
    format: "png",
    colour: type === 0 || type === 4 ? "grey" : "rgb",
    alpha: type === 4 || type === 6 || transparency !== undefined,
    bits: type === 3 ? 8 : depth,
    ...(pixelSize ? { pixelSize } : {}),
  };
  return { ...header, palette, transparency, orientation, metadata, data };
}

function readHeader(content: Uint8Array, fault: (what: string) => Error) {
  if (content.length !== 13) throw fault("its header has a wrong length");
  const view = new DataView(content.buffer, content.byteOffset, 13);
  const [width, height, depth, type, compression, filter, interlace] = [
    view.getUint32(0),
    view.getUint32(4),
    ...content.subarray(8),
  ] as [number, number, number, PngHeader["type"], number, number, number];
  const isKnown = samples[type] !== undefined && (depths[type] as readonly number[]).includes(depth);
  if (!isKnown) throw fault(`colour type ${type} with ${depth} bits does not exist`);
  if (width === 0 || height === 0 || width > 0x7fffffff || height > 0x7fffffff)
    throw fault(`its size is ${width}x${height}`);
  if (compression !== 0 || filter !== 0 || interlace > 1) throw fault("its header has unknown methods");
  return { width, height, depth, type, interlaced: interlace === 1 };
}

/** A chunk's name, which a damaged file fills with anything. */
const shown = (kind: string): string => (/^[A-Za-z]{4}$/.test(kind) ? kind : "at its end");

function decode(header: PngHeader): Raster {
  const { width, height, depth, type, interlaced } = header;
  const count = samples[type];
  const rowBytes = (columns: number): number => Math.ceil((columns * count * depth) / 8);
  const parts = (interlaced ? passes : [[0, 0, 1, 1] as const])
    .map(([x, y, across, down]) => {
      const [columns, rows] = [Math.ceil((width - x) / across), Math.ceil((height - y) / down)];
      return { x, y, across, down, columns, rows };
    })
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
  const length = parts.reduce((sum, { columns, rows }) => sum + rows * (1 + rowBytes(columns)), 0);
  const stored = header.data.reduce((sum, part) => sum + part.length, 0);
  if (length > stored * deflateRatio) throw damaged("PNG", `${stored} bytes cannot hold its pixels`);
  let bytes: Uint8Array;
  try {
    bytes = inflate(header.data, length);
  } catch (error) {
    throw damaged("PNG", (error as Error).message);
  }
  const values = depth === 16 ? new Uint16Array(width * height * count) : new Uint8Array(width * height * count);
  let at = 0;
  for (const { x, y, across, down, columns, rows } of parts) {
    const row = rowBytes(columns);
    const block = bytes.subarray(at, at + rows * (1 + row));
    if (!unfilter(block, rows, row, Math.max(1, (count * depth) / 8))) throw damaged("PNG", "a row has no filter");
    for (let i = 0; i < rows; i++) {
      const start = i * (1 + row) + 1;
      if (depth === 8 && !interlaced) {
        values.set(block.subarray(start, start + row), i * row);
        continue;
      }
      for (let j = 0; j < columns; j++) {
        const to = ((y + i * down) * width + x + j * across) * count;
        for (let c = 0; c < count; c++) values[to + c] = sampleAt(block, start, j * count + c, depth);
      }
    }
    at += block.length;
  }
  return colours(header, values);
}

/** The k-th sample of a row that begins at a byte; samples of less than 8 bits begin at the high bits. */
function sampleAt(bytes: Uint8Array, start: number, k: number, depth: number): number {
  if (depth === 8) return bytes[start + k] as number;
  if (depth === 16) return 256 * (bytes[start + 2 * k] as number) + (bytes[start + 2 * k + 1] as number);
  const bit = k * depth;
  return ((bytes[start + (bit >> 3)] as number) >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}

/** Looks up the palette, and makes the transparency that tRNS states an alpha channel. */
function colours(header: PngHeader, values: Uint8Array | Uint16Array): Raster {
  const { width, height, depth, type, palette, transparency, orientation } = header;
  const [plane, count] = [width * height, samples[type]];
  const sample = depth === 16 ? "uint16" : "uint8";
  const common = { width, height, sample, bits: depth, whiteIsZero: false, orientation } as const;
  if (type === 3 && palette) {
    const channels = transparency ? 4 : 3;
    const result = new Uint8Array(plane * channels);
    for (let i = 0; i < plane; i++) {
      const index = values[i] as number;
      if (3 * index >= palette.length) throw damaged("PNG", `a pixel has colour ${index} of ${palette.length / 3}`);
      for (let c = 0; c < 3; c++) result[i * channels + c] = palette[3 * index + c] as number;
      if (transparency) result[i * channels + 3] = transparency[index] ?? 255;
    }
    return { ...common, values: result, channels, bits: 8, colour: "rgb", alpha: channels === 4 };
  }
  const colour = type === 0 || type === 4 ? "grey" : "rgb";
  if (!transparency || type === 4 || type === 6)
    return { ...common, values, channels: count, colour, alpha: type === 4 || type === 6 };
  const key = Array.from({ length: count }, (_, c) => {
    return 256 * (transparency[2 * c] ?? 0) + (transparency[2 * c + 1] ?? 0);
  });
  const result = depth === 16 ? new Uint16Array(plane * (count + 1)) : new Uint8Array(plane * (count + 1));
  const opaque = 2 ** depth - 1;
  for (let i = 0; i < plane; i++) {
    const pixel = values.subarray(i * count, (i + 1) * count);
    result.set(pixel, i * (count + 1));
    result[i * (count + 1) + count] = key.every((value, c) => value === pixel[c]) ? 0 : opaque;
  }
  return { ...common, values: result, channels: count + 1, colour, alpha: true };
}
