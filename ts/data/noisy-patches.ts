import type { Pixels } from "../io/index.js";
import { resolveRng } from "../random/index.js";
import { noGrad, tensor, tidy } from "../tensor/index.js";
import type { Dataset, GetOptions, Sample } from "./dataset.js";
import { mirror } from "./patch-dataset.js";

/**
 * Random patches of one noisy image as samples `{ y }`, mirrored and turned at random, cut on the host: the image is
 * never copied as a whole.
 *
 * A network that sees one noisy image over and over learns its noise by heart, and SURE falls without bound there;
 * eight views of each patch put that off by far. The noise must be independent from pixel to pixel, so that it looks
 * the same from each side, and so must the operator: a blur with a direction is another one when the picture is turned.
 * Then pass `turned` as false.
 */
export class NoisyPatches implements Dataset {
  readonly length: number;
  readonly #image: Pixels;
  readonly #size: readonly [number, number];
  readonly #turned: boolean;

  constructor(image: Pixels, size: readonly [number, number], length: number, turned = true) {
    this.#image = image;
    this.#size = size;
    this.#turned = turned;
    this.length = length;
  }

  async get(_index: number, options: GetOptions = {}): Promise<Sample> {
    const [, rows, columns] = this.#image.shape;
    const [height, width] = this.#size;
    const drawn = resolveRng(options.rng).uniform([3], { device: "cpu" });
    const [u, v, turn] = (await drawn.data()) as unknown as [number, number, number];
    drawn.dispose();
    const patch = cutPixels(
      this.#image,
      Math.floor(u * (rows - height + 1)),
      Math.floor(v * (columns - width + 1)),
      height,
      width,
    );
    const symmetry = this.#turned ? Math.floor(turn * (height === width ? 8 : 4)) : 0;
    return { y: noGrad(() => tidy(() => mirror(tensor(patch.data, { shape: patch.shape }), symmetry).clone())) };
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
