import type { DecodedImage, DecodeOptions } from "../platform.js";

/**
 * Decodes a JPEG, WebP, AVIF or GIF file with sharp, turned upright by its EXIF data; 16-bit files keep their depth.
 *
 * Values are those of the file: its colour profile is applied for the colour `"srgb"` only.
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions): Promise<DecodedImage> {
  // Loaded with the first image, so that programs without images start fast.
  const { default: sharp } = await import("sharp");
  const isSrgb = options.colour === "srgb";
  const input = { failOn: "error", limitInputPixels: options.maxPixels, pages: options.all ? -1 : 1 } as const;
  const file = sharp(bytes, { ...input, ignoreIcc: !isSrgb });
  const info = await file.metadata();
  const isGrey = info.space === "b-w" || info.space === "grey16";
  const is16Bit = info.depth === "ushort";
  const isCmyk = info.space === "cmyk" && !isSrgb;
  const rgb = is16Bit ? "rgb16" : "srgb";
  const grey = is16Bit ? "grey16" : "b-w";
  // The images of an animation lie below each other, where none can be turned.
  const isStrip = options.all && (info.pages ?? 1) > 1;
  const upright = isStrip ? file : file.autoOrient();
  // Inks would pass through RGB otherwise.
  const raw = await (isCmyk ? upright.pipelineColourspace("cmyk") : upright)
    .toColourspace(isCmyk ? "cmyk" : isGrey ? grey : rgb)
    .raw({ depth: is16Bit ? "ushort" : "uchar" })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = raw.info;
  const { buffer, byteOffset, byteLength } = raw.data;
  const values = is16Bit ? new Uint16Array(buffer.slice(byteOffset, byteOffset + byteLength)) : raw.data;
  const colours = isCmyk ? 4 : isGrey ? 1 : 3;
  return {
    values,
    width,
    height,
    channels,
    colour: isCmyk ? "cmyk" : isGrey ? "grey" : "rgb",
    alpha: channels > colours,
    pages: info.pages ?? 1,
    ...(isStrip && { orientation: info.orientation ?? 1 }),
  };
}
