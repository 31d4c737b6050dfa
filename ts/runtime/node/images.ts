import type { ImageChannels, Pixels } from "../platform.js";

/**
 * Decodes an image file with sharp: oriented by its EXIF data, without transparency; 16-bit files keep their depth.
 */
export async function decodeImage(bytes: Uint8Array, channels: ImageChannels): Promise<Pixels> {
  const sharp = await loadSharp();
  const file = sharp(bytes, { failOn: "error" });
  const info = await file.metadata();
  const grey = channels === "grey" || (channels === "auto" && (info.space === "b-w" || info.space === "grey16"));
  const is16Bit = info.depth === "ushort";
  const pipeline = file
    .autoOrient()
    .removeAlpha()
    .toColourspace(grey ? (is16Bit ? "grey16" : "b-w") : is16Bit ? "rgb16" : "srgb");
  const raw = await pipeline.raw({ depth: is16Bit ? "ushort" : "uchar" }).toBuffer({ resolveWithObject: true });
  const { width, height, channels: count } = raw.info;
  const values = is16Bit
    ? new Uint16Array(raw.data.buffer.slice(raw.data.byteOffset, raw.data.byteOffset + raw.data.byteLength))
    : raw.data;
  const scale = is16Bit ? 65535 : 255;
  const plane = width * height;
  const data = new Float32Array(plane * count);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < count; c++) data[c * plane + i] = (values[i * count + c] as number) / scale;
  }
  return { data, shape: [count, height, width] };
}

/** Encodes rows of interleaved 8-bit pixels as a PNG with sharp. */
export async function encodePng(
  pixels: Uint8Array,
  width: number,
  height: number,
  channels: 1 | 3,
): Promise<Uint8Array> {
  const sharp = await loadSharp();
  return await sharp(pixels, { raw: { width, height, channels } })
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .png()
    .toBuffer();
}

/** Loads sharp with the first image, so that programs without images start fast. */
async function loadSharp() {
  return (await import("sharp")).default;
}
