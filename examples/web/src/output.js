// The file that is downloaded: of the type that was opened, wherever that can be written.

/** Types of samples that a TIFF is written with, by those that are read. */
const tiffSamples = { uint64: "float64", int64: "float64", float16: "float32" };

/** Formats of arrays that are written as such. */
const arrays = { npy: ".npy", zip: ".npy", nifti: ".nii", fits: ".fits" };

/**
 * How a cleaned picture is written: `{ ending, type, sample, scale }`, `type` one of `png`, `tiff`, `array`.
 *
 * PNG, TIFF, NumPy, NIfTI and FITS stay what they are, with the sample type of the file. JPEG, WebP, AVIF and GIF
 * become PNG, which loses nothing; DICOM and HDF5 become TIFF.
 *
 * @param info `{ sample, scale, metadata: { format, bits } }` of the file, and its name.
 */
export function outputOf({ sample, scale, metadata: { format, bits = 8 } }, name) {
  const isGzip = format === "gzip";
  const ending = isGzip ? /\.(?:nii|fits?|npy)(?=\.gz$)/i.exec(name)?.[0].toLowerCase() : arrays[format];
  if (ending) return { type: "array", ending: isGzip ? `${ending}.gz` : ending, sample, scale };
  if (["png", "jpeg", "webp", "avif", "gif"].includes(format)) {
    const isDeep = sample === "uint16";
    return { type: "png", ending: ".png", sample: isDeep ? "uint16" : "uint8", scale: Math.max(255, scale) };
  }
  const isSmall = sample === "uint8" && bits < 8;
  return { type: "tiff", ending: ".tif", sample: tiffSamples[sample] ?? sample, scale: isSmall ? 255 : scale };
}

/** What the button says. */
export const labelOf = ({ type, ending, sample }) =>
  ({ png: `Download PNG${sample === "uint16" ? " (16 bit)" : ""}`, tiff: `Download TIFF (${wordOf(sample)})` })[type] ??
  `Download ${ending} (${wordOf(sample)})`;

const wordOf = (sample) => `${/\d+/.exec(sample)?.[0]} bit${sample.startsWith("float") ? " float" : ""}`;

/** The name of the cleaned file: that of the given one with `-clean`. */
export function nameOf(given, ending) {
  const stem = given.replace(/\.(?:gz)$/i, "").replace(/\.(?:ome\.tiff?|[a-z0-9]{1,5})$/i, "");
  return `${stem || "picture"}-clean${ending}`;
}

/**
 * Index of a value of a page in an array, as `readPixels` makes pages of arrays: the last two axes are rows and
 * columns, those before them pages, and a last axis of 3 or 4 behind two longer ones is colours; of NIfTI `[x, y,
 * ...]`.
 */
export function arrayIndex(shape, isNifti, channels) {
  if (isNifti) {
    const [, height = 1, ...others] = shape;
    const pages = others.reduce((product, side) => product * side, 1);
    return (page, _channel, row, column) => (column * height + row) * pages + page;
  }
  const [rows, columns] = channels > 1 ? shape.slice(-3) : shape.slice(-2);
  return (page, channel, row, column) => ((page * rows + row) * columns + column) * channels + channel;
}
