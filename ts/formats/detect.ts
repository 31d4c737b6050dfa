/** A format recognised by its first bytes. */
export interface DetectedFormat {
  /** Short name in lower case, such as `tiff`. */
  readonly id: string;
  /** Name in messages. */
  readonly name: string;
  /**
   * `"image"`: a picture; `"array"`: read by `readArray`, and as images where it has rows and columns; `"weights"`:
   * read by `readWeights`; `"other"`: recognised, not read.
   */
  readonly kind: "image" | "array" | "weights" | "other";
  /** What to do with it, for formats that are not read. */
  readonly advice?: string;
}

const convert = "convert it to TIFF or PNG first";
const newMatlab = "save it with save(..., '-v7.3') and read it with io.readArray";
const newNetcdf = "save it as NetCDF 4 (HDF5) and read it with io.readArray";
const bioformats = "export it as OME-TIFF, for example with Fiji";

/** A rule of recognition: bytes at an offset; a string counts by its Latin-1 codes, `?` matches any byte. */
type Rule = readonly [DetectedFormat, number, string, ...(readonly [number, string][])];

const image = (id: string, name: string): DetectedFormat => ({ id, name, kind: "image" });
const array = (id: string, name: string): DetectedFormat => ({ id, name, kind: "array" });
const other = (id: string, name: string, advice = convert): DetectedFormat => ({ id, name, kind: "other", advice });

/** First bytes, after the signatures of each format's specification; earlier rules win. */
const rules: readonly Rule[] = [
  [image("png", "PNG"), 0, "\x89PNG\r\n\x1a\n"],
  [other("jls", "JPEG-LS"), 0, "\xff\xd8\xff\xf7"],
  [image("jpeg", "JPEG"), 0, "\xff\xd8\xff"],
  [image("gif", "GIF"), 0, "GIF87a"],
  [image("gif", "GIF"), 0, "GIF89a"],
  [image("webp", "WebP"), 0, "RIFF", [8, "WEBP"]],
  [image("avif", "AVIF"), 4, "ftypavif"],
  [image("avif", "AVIF"), 4, "ftypavis"],
  [other("heic", "HEIC"), 4, "ftyphei"],
  [other("heic", "HEIC"), 4, "ftyphev"],
  [other("cr3", "Canon camera RAW (CR3)", "develop it to TIFF first"), 4, "ftypcrx"],
  [other("cr2", "Canon camera RAW (CR2)", "develop it to TIFF first"), 0, "II*\0", [8, "CR"]],
  [other("orf", "Olympus camera RAW (ORF)", "develop it to TIFF first"), 0, "IIRO"],
  [other("rw2", "Panasonic camera RAW (RW2)", "develop it to TIFF first"), 0, "IIU\0"],
  [other("raf", "Fujifilm camera RAW (RAF)", "develop it to TIFF first"), 0, "FUJIFILMCCD-RAW"],
  [image("tiff", "TIFF"), 0, "II*\0"],
  [image("tiff", "TIFF"), 0, "MM\0*"],
  [image("tiff", "BigTIFF"), 0, "II+\0"],
  [image("tiff", "BigTIFF"), 0, "MM\0+"],
  [array("npy", "NumPy .npy"), 0, "\x93NUMPY"],
  [array("fits", "FITS"), 0, "SIMPLE  ="],
  [array("dicom", "DICOM"), 128, "DICM"],
  [array("hdf5", "HDF5"), 0, "\x89HDF\r\n\x1a\n"],
  [array("hdf5", "HDF5"), 512, "\x89HDF\r\n\x1a\n"],
  [array("nifti", "NIfTI"), 344, "n+1\0"],
  [array("nifti", "NIfTI"), 344, "ni1\0"],
  [array("nifti", "NIfTI"), 4, "n+2\0"],
  [array("nifti", "NIfTI"), 4, "ni2\0"],
  [array("gzip", "gzip (such as .nii.gz)"), 0, "\x1f\x8b"],
  [other("mat5", "MATLAB (before 7.3)", newMatlab), 0, "MATLAB 5.0"],
  [array("zip", "zip"), 0, "PK\x03\x04"],
  [other("netcdf", "NetCDF", newNetcdf), 0, "CDF\x01"],
  [other("netcdf", "NetCDF", newNetcdf), 0, "CDF\x02"],
  [other("jp2", "JPEG 2000"), 4, "jP  \r\n\x87\n"],
  [other("jp2", "JPEG 2000"), 0, "\xff\x4f\xff\x51"],
  [other("jxl", "JPEG XL"), 0, "\xff\x0a"],
  [other("jxl", "JPEG XL"), 4, "JXL \r\n\x87\n"],
  [other("exr", "OpenEXR"), 0, "v/1\x01"],
  [other("hdr", "Radiance HDR"), 0, "#?RADIANCE"],
  [other("psd", "Photoshop"), 0, "8BPS"],
  [other("czi", "Zeiss CZI", bioformats), 0, "ZISRAWFILE"],
  [other("nd2", "Nikon ND2", bioformats), 0, "\xda\xce\xbe\n"],
  [other("lif", "Leica LIF", bioformats), 0, "p\0\0\0", [8, "*"]],
  [other("ole", "Olympus OIB or Zeiss ZVI", bioformats), 0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"],
  [other("mrc", "MRC"), 208, "MAP "],
  [other("nrrd", "NRRD"), 0, "NRRD000"],
  [other("ico", "Windows icon"), 0, "\0\0\x01\0"],
  [other("pdf", "PDF", "export its pictures as TIFF or PNG first"), 0, "%PDF-"],
];

/** Number of first bytes that {@link detectFormat} looks at. */
export const detectionLength = 1024;

/** The format of a file by its first bytes, never by its name; `undefined` where it is none of those known. */
export function detectFormat(head: Uint8Array): DetectedFormat | undefined {
  const matches = (at: number, text: string): boolean =>
    at + text.length <= head.length && [...text].every((c, i) => head[at + i] === c.charCodeAt(0));
  for (const [format, at, text, ...more] of rules) {
    if (matches(at, text) && more.every(([place, word]) => matches(place, word))) return format;
  }
  if (matches(0, "BM") && isBitmap(head)) return other("bmp", "Windows bitmap");
  if (matches(0, "P") && /^P[1-7]\s[\s#\d]/.test(latin(head, 4))) return other("pnm", "PBM/PGM/PPM");
  if (/^[\s\ufeff]*(?:<\?xml|<!--|<!DOCTYPE svg|<svg)/i.test(latin(head).replace(/^\xef\xbb\xbf/, ""))) {
    return /<svg|<!DOCTYPE svg/i.test(latin(head)) || matches(0, "<svg")
      ? other("svg", "SVG", "it has no pixels: draw it as PNG first")
      : other("xml", "XML", "it has no pixels");
  }
  if (isSafetensors(head)) return { id: "safetensors", name: "safetensors", kind: "weights" };
  return undefined;
}

/** Whether the second header of a Windows bitmap has one of its sizes. */
function isBitmap(head: Uint8Array): boolean {
  return head.length >= 18 && [12, 40, 52, 56, 64, 108, 124].includes(head[14] as number) && head[15] === 0;
}

/** Whether a file begins with the length of a JSON text and its brace. */
function isSafetensors(head: Uint8Array): boolean {
  if (head.length < 10 || head[8] !== 0x7b) return false;
  return head[5] === 0 && head[6] === 0 && head[7] === 0 && (head[9] === 0x22 || head[9] === 0x7d || head[9] === 0x20);
}

function latin(bytes: Uint8Array, length = bytes.length): string {
  return String.fromCharCode(...bytes.subarray(0, length));
}
