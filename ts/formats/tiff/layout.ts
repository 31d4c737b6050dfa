import { unsupported } from "../image-faults.js";
import { largestValue, type SampleType } from "../raster.js";
import type { TiffDirectory, TiffFile } from "./directory.js";

/** Names of compressions, for messages. */
const compressionNames: Readonly<Record<number, string>> = {
  2: "CCITT",
  3: "CCITT fax 3",
  4: "CCITT fax 4",
  6: "old JPEG",
  9: "JBIG",
  10: "JBIG",
  32766: "NeXT",
  32771: "CCITT",
  32809: "ThunderScan",
  33003: "JPEG 2000",
  33004: "JPEG 2000",
  33005: "JPEG 2000",
  34661: "JBIG",
  34676: "SGI LogLuv",
  34677: "SGI LogLuv",
  34712: "JPEG 2000",
  34887: "LERC",
  34892: "lossy JPEG of DNG",
  34925: "LZMA",
  34927: "WebP",
  34933: "PNG",
  34934: "JPEG XR",
  50001: "WebP",
  50002: "JPEG XL",
  52546: "JPEG XL",
  22610: "JPEG XR",
};

/** Compressions that are read. */
export const compressions = {
  none: 1,
  lzw: 5,
  jpeg: 7,
  deflate: 8,
  packBits: 32773,
  oldDeflate: 32946,
  zstandard: 50000,
} as const;

/** Meaning of the samples (tag 262). */
export const photometric = { whiteIsZero: 0, blackIsZero: 1, rgb: 2, palette: 3, mask: 4, cmyk: 5, ycbcr: 6 } as const;

/** How the samples of a page are stored. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Samples a pixel. */
  readonly samples: number;
  readonly bits: number;
  readonly sample: SampleType;
  readonly compression: number;
  readonly predictor: number;
  readonly photometric: number;
  /** Each sample has its own plane. */
  readonly planar: boolean;
  /** Bits of a byte are stored lowest first. */
  readonly reversedBits: boolean;
  readonly blockWidth: number;
  readonly blockHeight: number;
  /** Tiles have their whole size at the borders, strips end with the image. */
  readonly tiled: boolean;
  readonly orientation: number;
  /** Whether the last sample is the opacity; `"multiplied"`: the colours have been multiplied by it. */
  readonly alpha: boolean;
}

/**
 * Reads and checks the layout of a page.
 *
 * @throws FormatError `image_invalid`, `image_unsupported`.
 */
export async function readLayout(file: TiffFile, directory: TiffDirectory): Promise<Layout> {
  const tag = async (number: number, otherwise: number, from = 1, to = 0xffffffff): Promise<number> => {
    const value = await directory.number(number, otherwise);
    if (!Number.isInteger(value) || value < from || value > to) throw file.fault(`its field ${number} is ${value}`);
    return value;
  };
  const refuse = (what: string, advice = "write it with another one, such as Deflate") =>
    unsupported("TIFF", what, advice);
  if (directory.has(50706) || (await directory.number(262, 1)) === 34892)
    throw refuse("is camera RAW (DNG)", "develop it to TIFF first");
  if ((await tag(32997, 1)) > 1)
    throw refuse("holds volumes (its field ImageDepth is above 1)", "write a directory for each slice");
  const [width, height] = [await tag(256, 0), await tag(257, 0)];
  const samples = await tag(277, 1, 1, 65535);
  const compression = await tag(259, 1);
  if (!Object.values<number>(compressions).includes(compression))
    throw refuse(`is compressed by ${compressionNames[compression] ?? `method ${compression}`}`);
  const bits = await sameForAll(directory, 258, 1, samples, "bits a sample", refuse);
  const kind = await sameForAll(directory, 339, 1, samples, "types", refuse);
  const sample = sampleType(kind, bits);
  if (sample === undefined)
    throw refuse(`has ${bits}-bit samples of kind ${kind}`, "write it with another sample type");
  const planar = (await tag(284, 1, 1, 2)) === 2 && samples > 1;
  const tiled = directory.has(322);
  const blockWidth = tiled ? await tag(322, 0, 1, 1 << 20) : width;
  // Some writers say 0 for a single strip.
  const blockHeight = tiled
    ? await tag(323, 0, 1, 1 << 20)
    : Math.min(height, (await tag(278, 0xffffffff, 0)) || height);
  const predictor = await tag(317, 1);
  if (predictor > 3 || (predictor === 2 && bits % 8 !== 0) || (predictor === 3 && !sample.startsWith("float")))
    throw refuse(`has predictor ${predictor} for ${sample}`);
  const meaning = await tag(262, samples >= 3 ? 2 : 1, 0, 65535);
  if (meaning === photometric.ycbcr && compression !== compressions.jpeg)
    throw refuse("stores YCbCr colours", "write it with RGB colours");
  const colours =
    meaning === photometric.rgb || meaning === photometric.ycbcr ? 3 : meaning === photometric.cmyk ? 4 : 1;
  if (samples < colours) throw file.fault(`it has ${samples} samples a pixel for ${colours} colours`);
  const extra = (await directory.numbers(338)) ?? [];
  const isAlpha = samples === colours + 1 && (extra[0] === 1 || extra[0] === 2);
  const turn = await directory.number(274, 1);
  return {
    width,
    height,
    samples,
    bits,
    sample,
    compression,
    predictor,
    photometric: meaning,
    planar,
    reversedBits: (await directory.number(266, 1)) === 2,
    blockWidth,
    blockHeight,
    tiled,
    orientation: turn >= 1 && turn <= 8 ? turn : 1,
    alpha: isAlpha,
  };
}

/** A field with a value for each sample, or one for all, which must agree. */
async function sameForAll(
  directory: TiffDirectory,
  tag: number,
  otherwise: number,
  samples: number,
  what: string,
  refuse: (what: string, advice: string) => Error,
): Promise<number> {
  const values = ((await directory.numbers(tag)) ?? [otherwise]).slice(0, samples);
  const first = values[0] ?? otherwise;
  if (values.some((value) => value !== first))
    throw refuse(`has channels of different ${what} (${values.slice(0, 4).join(", ")})`, "write channels of one type");
  return first;
}

/** The type of samples (tag 339: 1 unsigned, 2 signed, 3 float, 4 undefined); `undefined` where there is none. */
function sampleType(kind: number, bits: number): SampleType | undefined {
  if (kind === 3) return ({ 16: "float16", 32: "float32", 64: "float64" } as const)[bits];
  if (kind === 2) return ({ 8: "int8", 16: "int16", 32: "int32", 64: "int64" } as const)[bits];
  if (kind !== 1 && kind !== 4) return undefined;
  if (bits >= 1 && bits <= 8) return "uint8";
  if (bits > 8 && bits <= 16) return "uint16";
  if (bits === 32) return "uint32";
  return bits === 64 ? "uint64" : undefined;
}

/** Largest value of the samples of a layout. */
export function layoutMaximum({ sample, bits }: Layout): number {
  return largestValue(sample, bits);
}
