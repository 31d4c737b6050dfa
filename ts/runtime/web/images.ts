import type { ImageChannels, Pixels } from "../platform.js";

/**
 * An image file through the browser's own decoder: turned upright, 8 bits a channel, transparency over black.
 * Grey of a colour image is its luminance (Rec. 709, in linear light), as in Node.
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
  const greyFile = isGreyFile(bytes);
  const plane = width * height;
  if (channels === "grey" || (channels === "auto" && greyFile)) {
    const data = new Float32Array(plane);
    for (let i = 0; i < plane; i++) {
      const [r, g, b] = [rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2]] as [number, number, number];
      data[i] = (r === g && g === b ? r : Math.round(luminance(r, g, b))) / 255;
    }
    return { data, shape: [1, height, width] };
  }
  const data = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i++) for (let c = 0; c < 3; c++) data[c * plane + i] = (rgba[4 * i + c] as number) / 255;
  return { data, shape: [3, height, width] };
}

/** sRGB's transfer function, for each of the 256 values. */
const linear = Float64Array.from({ length: 256 }, (_, v) =>
  v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4,
);

/** The grey value, 0 to 255, of a colour's luminance. */
function luminance(r: number, g: number, b: number): number {
  const y = 0.2126 * (linear[r] as number) + 0.7152 * (linear[g] as number) + 0.0722 * (linear[b] as number);
  return 255 * (y <= 0.0031308 ? 12.92 * y : 1.055 * y ** (1 / 2.4) - 0.055);
}

/** Whether a PNG or JPEG file says that it has one channel of colour; other formats have three. */
function isGreyFile(bytes: Uint8Array): boolean {
  if (bytes[0] === 0x89 && bytes[1] === 0x50) return bytes[25] === 0 || bytes[25] === 4;
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return false;
  // JPEG: segments up to the frame header, which holds the number of components.
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1] as number;
    const frame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (frame) return bytes[at + 9] === 1;
    at += 2 + 256 * (bytes[at + 2] as number) + (bytes[at + 3] as number);
  }
  return false;
}
