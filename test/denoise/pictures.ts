import { fileURLToPath } from "node:url";
import { cutPixels } from "../../ts/data/index.js";
import { type Pixels, readPixels } from "../../ts/io/index.js";
import { normalValues, Rng } from "../../ts/random/index.js";
import { tensor, tidy } from "../../ts/tensor/index.js";

const images = fileURLToPath(new URL("../../examples/images/", import.meta.url));

/** The middle of a photograph of the examples. */
export async function photograph(name: string, size = 256): Promise<Pixels> {
  const image = await readPixels(`${images}${name}.png`);
  const [, rows, columns] = image.shape;
  const side = Math.min(size, rows, columns);
  return cutPixels(image, Math.floor((rows - side) / 2), Math.floor((columns - side) / 2), side, side);
}

/** A picture by a function of row and column, both from 0 to 1. */
export function drawn(size: number, value: (y: number, x: number) => number): Pixels {
  const data = Float32Array.from({ length: size * size }, (_, k) =>
    value(Math.floor(k / size) / size, (k % size) / size),
  );
  return { data, shape: [1, size, size] };
}

/** Flat shapes with sharp edges. */
export const cartoon = (size: number): Pixels =>
  drawn(size, (y, x) => {
    const r = Math.hypot(y - 0.5, x - 0.5);
    return r < 0.2 ? 0.9 : r < 0.33 ? 0.5 : y > 0.7 ? 0.2 : 0.75;
  });

/** Dark strokes on white, as of text. */
export const text = (size: number): Pixels =>
  drawn(size, (y, x) => {
    const [i, j] = [Math.round(y * size), Math.round(x * size)];
    return i % 16 < 8 && (j * 7 + i * 13) % 12 < 4 && j % 12 < 8 ? 0.05 : 0.95;
  });

/** The values plus Gaussian noise of a standard deviation, which may depend on the value. */
export function withNoise({ data, shape }: Pixels, sigma: number | ((x: number) => number), rng: Rng): Pixels {
  const noise = normalValues(rng, [data.length]);
  const of = typeof sigma === "number" ? () => sigma : sigma;
  return { data: data.map((value, i) => value + of(value) * (noise[i] as number)), shape };
}

/** Poisson noise of a gain. */
export async function withPoisson({ data, shape }: Pixels, gain: number, rng: Rng): Promise<Pixels> {
  const counts = tidy(() => rng.poisson(tensor(data).div(gain)));
  const values = Float32Array.from(await counts.data(), (count) => gain * count);
  counts.dispose();
  return { data: values, shape };
}

/** As an 8-bit file has it: clipped to [0, 1] and rounded. */
export function eightBit({ data, shape }: Pixels): Pixels {
  return { data: data.map((value) => Math.round(255 * Math.min(1, Math.max(0, value))) / 255), shape };
}

/** PSNR in dB of values of range 1. */
export function psnr(image: Pixels, truth: Pixels): number {
  const sum = image.data.reduce((total, value, i) => total + (value - (truth.data[i] as number)) ** 2, 0);
  return -10 * Math.log10(sum / image.data.length);
}
