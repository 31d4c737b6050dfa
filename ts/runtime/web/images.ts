import type { DecodedImage, DecodeOptions } from "../platform.js";

/**
 * Decodes a JPEG, WebP, AVIF or GIF file with the browser's decoder: 8 bits a channel, turned upright by its EXIF data.
 *
 * A canvas stores colours multiplied by the opacity: where a pixel is partly transparent they come back rounded.
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions): Promise<DecodedImage> {
  const bitmap = await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>]), {
    imageOrientation: "from-image",
    colorSpaceConversion: options.colour === "srgb" ? "default" : "none",
    premultiplyAlpha: "none",
  });
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data: rgba } = context.getImageData(0, 0, width, height);
  const isGrey = isGreyJpeg(bytes);
  let alpha = false;
  for (let i = 3; i < rgba.length && !alpha; i += 4) alpha = rgba[i] !== 255;
  const channels = (isGrey ? 1 : 3) + (alpha ? 1 : 0);
  const values = new Uint8Array(width * height * channels);
  for (let i = 0, k = 0; i < rgba.length; i += 4) {
    for (let c = 0; c < (isGrey ? 1 : 3); c++) values[k++] = rgba[i + c] as number;
    if (alpha) values[k++] = rgba[i + 3] as number;
  }
  return { values, width, height, channels, colour: isGrey ? "grey" : "rgb", alpha, pages: 1 };
}

/** Whether the header of a JPEG file declares one colour channel; other formats have three. */
function isGreyJpeg(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return false;
  // Skips segments up to the frame header, which has the number of components.
  for (let i = 2; i + 9 < bytes.length && bytes[i] === 0xff; ) {
    const marker = bytes[i + 1] as number;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return bytes[i + 9] === 1;
    i += 2 + 256 * (bytes[i + 2] as number) + (bytes[i + 3] as number);
  }
  return false;
}
