import type { ImageChannels, Pixels } from "../platform.js";

/**
 * Decodes an image file with the browser's decoder: 8 bits per channel, oriented by its EXIF data, transparency blended
 * with black. The grey value of a colour is its luminance (Rec. 709, in linear light), as in Node.
 */
export async function decodeImage(bytes: Uint8Array, channels: ImageChannels): Promise<Pixels> {
  const bitmap = await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>]), {
    imageOrientation: "from-image",
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  });
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data: rgba } = context.getImageData(0, 0, width, height);
  const isGrey = channels === "grey" || (channels === "auto" && isGreyFile(bytes));
  const plane = width * height;
  if (isGrey) {
    const data = new Float32Array(plane);
    for (let i = 0; i < plane; i++) {
      const [r, g, b] = [rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2]] as [number, number, number];
      data[i] = (r === g && g === b ? r : Math.round(luminance(r, g, b))) / 255;
    }
    return { data, shape: [1, height, width] };
  }
  const data = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) data[c * plane + i] = (rgba[4 * i + c] as number) / 255;
  }
  return { data, shape: [3, height, width] };
}

/** Linear light of each 8-bit sRGB value. */
const linear = Float64Array.from({ length: 256 }, (_, v) =>
  v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4,
);

/** The grey value, 0 to 255, with the luminance of a colour. */
function luminance(r: number, g: number, b: number): number {
  const y = 0.2126 * (linear[r] as number) + 0.7152 * (linear[g] as number) + 0.0722 * (linear[b] as number);
  return 255 * (y <= 0.0031308 ? 12.92 * y : 1.055 * y ** (1 / 2.4) - 0.055);
}

/** Whether the header of a PNG or JPEG file declares one colour channel; other formats have three. */
function isGreyFile(bytes: Uint8Array): boolean {
  if (bytes[0] === 0x89 && bytes[1] === 0x50) return bytes[25] === 0 || bytes[25] === 4;
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return false;
  // JPEG: skips segments up to the frame header, which has the number of components.
  for (let i = 2; i + 9 < bytes.length && bytes[i] === 0xff; ) {
    const marker = bytes[i + 1] as number;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return bytes[i + 9] === 1;
    i += 2 + 256 * (bytes[i + 2] as number) + (bytes[i + 3] as number);
  }
  return false;
}
