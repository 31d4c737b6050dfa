import type { Pixels } from "../io/index.js";
import { resolveRng } from "../random/index.js";
import { tensor } from "../tensor/index.js";
import type { Dataset, GetOptions, Sample } from "./dataset.js";

/** Random patches of one noisy image as samples `{ y }`, cut on the host: the image is never copied as a whole. */
export class NoisyPatches implements Dataset {
  readonly length: number;
  readonly #image: Pixels;
  readonly #size: readonly [number, number];

  constructor(image: Pixels, size: readonly [number, number], length: number) {
    this.#image = image;
    this.#size = size;
    this.length = length;
  }

  async get(_index: number, options: GetOptions = {}): Promise<Sample> {
    const [, rows, columns] = this.#image.shape;
    const [height, width] = this.#size;
    const drawn = resolveRng(options.rng).uniform([2], { device: "cpu" });
    const [u, v] = (await drawn.data()) as unknown as [number, number];
    drawn.dispose();
    const patch = cutPixels(this.#image, Math.floor(u * (rows - height + 1)), Math.floor(v * (columns - width + 1)), height, width);
    return { y: tensor(patch.data, { shape: patch.shape }) };
  }
}

/** A rectangle of an image. */
export function cutPixels(image: Pixels, top: number, left: number, height: number, width: number): Pixels {
  const [channels, rows, columns] = image.shape;
  const data = new Float32Array(channels * height * width);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < height; i++) {
      const start = (c * rows + top + i) * columns + left;
      data.set(image.data.subarray(start, start + width), (c * height + i) * width);
    }
  }
  return { data, shape: [channels, height, width] };
}
