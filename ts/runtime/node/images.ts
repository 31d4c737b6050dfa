import type { ImageChannels, Pixels } from "../platform.js";

/** An image file through sharp: turned upright, transparency dropped; 16 bits keep their depth. */
export async function decodeImage(bytes: Uint8Array, channels: ImageChannels): Promise<Pixels> {
  const sharp = await loadSharp();
  const file = sharp(bytes, { failOn: "error" });
  const info = await file.metadata();
  const grey = channels === "grey" || (channels === "auto" && (info.space === "b-w" || info.space === "grey16"));
  const deep = info.depth === "ushort";
  const pipeline = file
    .autoOrient()
    .removeAlpha()
    .toColourspace(grey ? (deep ? "grey16" : "b-w") : deep ? "rgb16" : "srgb");
  const raw = await pipeline.raw({ depth: deep ? "ushort" : "uchar" }).toBuffer({ resolveWithObject: true });
  const { width, height, channels: count } = raw.info;
  const values = deep
    ? new Uint16Array(raw.data.buffer.slice(raw.data.byteOffset, raw.data.byteOffset + raw.data.byteLength))
    : raw.data;
  const scale = deep ? 65535 : 255;
  const plane = width * height;
  const data = new Float32Array(plane * count);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < count; c++) data[c * plane + i] = (values[i * count + c] as number) / scale;
  }
  return { data, shape: [count, height, width] };
}

/** A PNG through sharp. */
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

/** sharp is loaded when the first image is, so that programs without images start fast. */
async function loadSharp() {
  return (await import("sharp")).default;
}
