import { expect } from "vitest";
import { Rng } from "../../ts/random/index.js";
import { tensor, type Tensor } from "../../ts/tensor/index.js";

/** Random images, float32 on the current device. */
export function images(shape: readonly number[], seed = 1): Tensor {
  return new Rng(seed).normal([...shape]);
}

/** A smooth function of the pixel, of which interpolation is nearly exact. */
export function smooth(
  height: number,
  width: number,
  f = (row: number, column: number) => Math.sin(0.09 * row + 0.2) + Math.cos(0.07 * column),
): Tensor {
  return tensor(
    Float64Array.from({ length: height * width }, (_, k) => f(Math.floor(k / width), k % width)),
    { shape: [1, 1, height, width] },
  );
}

/** Largest absolute difference of two tensors of one shape. */
export async function distance(a: Tensor, b: Tensor): Promise<number> {
  expect([...a.shape]).toEqual([...b.shape]);
  return await a.sub(b).abs().max().item();
}

/** The values as nested rows of one image with one channel. */
export async function rows(x: Tensor): Promise<number[][]> {
  const [height = 1, width = 1] = x.shape.slice(-2);
  const values = Array.from(await x.data());
  return Array.from({ length: height }, (_, i) => values.slice(i * width, (i + 1) * width));
}

/** A crop that leaves a border out. */
export function interior(x: Tensor, border: number): Tensor {
  const [b = 1, c = 1, h = 1, w = 1] = x.shape;
  return x.slice([0, 0, border, border], [b, c, h - border, w - border]);
}
