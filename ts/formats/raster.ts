/** Types of the samples of a file. */
export type SampleType =
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "float16"
  | "float32"
  | "float64";

/** Arrays that hold samples; 64-bit integers and float64 are in a `Float64Array`, float16 in a `Float32Array`. */
export type SampleArray =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** One image of a file as stored: samples of a pixel side by side. */
export interface Raster {
  readonly values: SampleArray;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly sample: SampleType;
  /** Bits of a sample in the file, such as 1, 4 or 12. */
  readonly bits: number;
  /** `"other"`: channels without a common meaning as colours. */
  readonly colour: "grey" | "rgb" | "cmyk" | "other";
  /** Whether the last channel is the opacity. */
  readonly alpha: boolean;
  /** Whether small values are bright. */
  readonly whiteIsZero: boolean;
  /** How the rows and columns lie, 1 to 8 as in EXIF (tag 0x0112); 1 is upright. */
  readonly orientation: number;
}

/** Size of a pixel in space. */
export interface PixelSize {
  readonly x: number;
  readonly y: number;
  /** Distance of slices. */
  readonly z?: number;
  /** Such as `um` or `cm`. */
  readonly unit: string;
}

/** What a file says about its pixels. */
export interface ImageMetadata {
  /** Format by content, such as `"tiff"`. */
  readonly format: string;
  /** Who wrote the axes: `"imagej"` or `"ome"`. */
  readonly dialect?: "imagej" | "ome";
  /** The order of the pages and axes, slowest first, such as `"TCZYX"`; axes of length 1 are left out. */
  readonly axes?: string;
  /** Length of each axis of `axes`. */
  readonly sizes?: Readonly<Record<string, number>>;
  readonly pixelSize?: PixelSize;
  readonly channelNames?: readonly string[];
  /** Shape of the array that the file holds, of .npy, .npz, FITS, DICOM and HDF5. */
  readonly arrayShape?: readonly number[];
  /** Free text of the file. */
  readonly description?: string;
  /** Meaning of the channels in the file. */
  readonly colour?: Raster["colour"];
  /** Whether the last channel is the opacity. */
  readonly alpha?: boolean;
  /** Bits of a sample in the file. */
  readonly bits?: number;
  /** Whether small values are bright in the file. */
  readonly whiteIsZero?: boolean;
}

/** An opened image file. */
export interface ImageFile {
  readonly metadata: ImageMetadata;
  /** Number of images in the file. */
  readonly pages: number;
  /** Width and height of a page by its header; `undefined` where only decoding tells. */
  size(page: number): Promise<readonly [number, number] | undefined>;
  /** Reads one page. */
  read(page: number): Promise<Raster>;
}

/** Options of opening an image file. */
export interface OpenOptions {
  /** Limit on width times height of a page. */
  readonly maxPixels: number;
  /** `"file"`: values as stored; `"srgb"`: converted by the file's colour profile. */
  readonly colour: "file" | "srgb";
}

/** Largest value of an integer type with this number of bits; 1 for floats. */
export function largestValue(sample: SampleType, bits: number): number {
  if (sample.startsWith("float")) return 1;
  return sample.startsWith("int") ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
}
