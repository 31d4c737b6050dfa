import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { type Pixels, readPixels } from "../../ts/io/index.js";
import { Rng } from "../../ts/random/index.js";

const images = fileURLToPath(new URL("../../examples/images/", import.meta.url));

/** A square part of an example picture, made grey where `channels` is 1. */
export async function crop(name: string, top: number, left: number, side: number, channels?: 1): Promise<Pixels> {
  const { data, shape } = await readPixels(`${images}${name}.png`, channels === 1 ? { channels: "grey" } : {});
  const [count, rows, columns] = shape;
  const part = new Float32Array(count * side * side);
  for (let c = 0; c < count; c++) {
    for (let i = 0; i < side; i++) {
      const from = (c * rows + top + i) * columns + left;
      part.set(data.subarray(from, from + side), (c * side + i) * side);
    }
  }
  return { data: part, shape: [count, side, side] };
}

/** The picture with Gaussian noise, not clipped. */
export async function noisy({ data, shape }: Pixels, sigma: number, seed = 1): Promise<Pixels> {
  const noise = new Rng(seed).normal([data.length]);
  const draws = await noise.data();
  noise.dispose();
  return { data: data.map((value, i) => value + sigma * (draws[i] as number)), shape };
}

/** Means over blocks of two by two pixels, as a picture that was made smaller. */
export function halved({ data, shape: [channels, rows, columns] }: Pixels): Pixels {
  const [height, width] = [rows / 2, columns / 2];
  const small = new Float32Array(channels * height * width);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < height; i++) {
      for (let j = 0; j < width; j++) {
        const at = (c * rows + 2 * i) * columns + 2 * j;
        const sum = [0, 1, columns, columns + 1].reduce((total, step) => total + (data[at + step] as number), 0);
        small[(c * height + i) * width + j] = sum / 4;
      }
    }
  }
  return { data: small, shape: [channels, height, width] };
}

/** The picture with 8 bits as sharp takes it. */
function raw({ data, shape: [channels, height, width] }: Pixels) {
  const bytes = Buffer.alloc(data.length);
  const plane = height * width;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < plane; i++) {
      const value = Math.round(255 * (data[c * plane + i] as number));
      bytes[i * channels + c] = Math.min(255, Math.max(0, value));
    }
  }
  const image = sharp(bytes, { raw: { width, height, channels: channels as 1 | 3 } });
  return channels === 1 ? image.toColourspace("b-w") : image;
}

export const toPng = async (pixels: Pixels): Promise<Uint8Array> => await raw(pixels).png().toBuffer();
export const toJpeg = async (pixels: Pixels, quality: number): Promise<Uint8Array> =>
  await raw(pixels).jpeg({ quality }).toBuffer();

/** A drawing: flat colours with sharp edges. */
export function cartoon(side: number): Pixels {
  const data = new Float32Array(3 * side * side);
  const colours = [
    [0.95, 0.9, 0.75],
    [0.85, 0.2, 0.15],
    [0.1, 0.35, 0.7],
  ];
  for (let i = 0; i < side; i++) {
    for (let j = 0; j < side; j++) {
      const isIn = Math.hypot(i - side / 2, j - side / 3) < side / 4;
      const colour = isIn ? colours[1] : i + j > 1.3 * side ? colours[2] : colours[0];
      for (let c = 0; c < 3; c++) data[(c * side + i) * side + j] = colour?.[c] as number;
    }
  }
  return { data, shape: [3, side, side] };
}

/** Strokes of one or two pixels, as in a scanned page. */
export function text(side: number): Pixels {
  const data = new Float32Array(side * side).fill(0.96);
  const random = (k: number): number => (Math.abs(Math.sin(12.9898 * k)) * 43758.5453) % 1;
  for (let line = 6; line + 8 < side; line += 12) {
    for (let at = 4; at + 6 < side; at += 7) {
      for (let k = 0; k < 3; k++) {
        const isUpright = random(line * 31 + at * 7 + k) > 0.5;
        const offset = Math.floor(5 * random(line + at * 3 + k * 17));
        for (let s = 0; s < 6; s++) {
          const [i, j] = isUpright ? [line + s, at + offset] : [line + offset, at + s];
          data[i * side + j] = 0.08;
        }
      }
    }
  }
  return { data, shape: [1, side, side] };
}

/** PSNR in dB of values clipped to the range of a file. */
export function psnr(got: Pixels, truth: Pixels): number {
  const error = got.data.reduce(
    (sum, value, i) => sum + (Math.min(1, Math.max(0, value)) - (truth.data[i] as number)) ** 2,
    0,
  );
  return -10 * Math.log10(error / got.data.length);
}
