import { cutPixels, type Dataset, type GetOptions, type Sample } from "../data/index.js";
import type { Pixels } from "../io/index.js";
import { resolveRng, uniformValues } from "../random/index.js";
import { tensor } from "../tensor/index.js";
import type { Domain } from "./domain.js";
import { turnPixels } from "./turns.js";

/** Even sides: Neighbor2Neighbor pairs pixels in cells of 2 x 2. */
const largestSide = 64;

/**
 * Random patches of several noisy images as samples `{ y }` in the network's units, flipped and turned at random. Each
 * pixel is as likely as any other, of whatever image. See `data.NoisyPatches` on why they are flipped.
 */
export class LearningPatches implements Dataset {
  readonly length: number;
  /** Height and width of a patch. */
  readonly size: readonly [number, number];
  readonly #images: readonly Pixels[];
  /** Share of the pixels of the images up to each one. */
  readonly #shares: readonly number[];
  readonly #domain: Domain;

  constructor(images: readonly Pixels[], domain: Domain, length: number) {
    this.#images = images;
    this.#domain = domain;
    this.length = length;
    const sides = [1, 2].map((axis) =>
      Math.min(largestSide, ...images.map(({ shape }) => 2 * Math.floor((shape[axis] as number) / 2))),
    );
    this.size = sides as [number, number];
    const total = images.reduce((sum, { data }) => sum + data.length, 0);
    let before = 0;
    this.#shares = images.map(({ data }) => (before += data.length) / total);
  }

  async get(_index: number, options: GetOptions = {}): Promise<Sample> {
    const rng = resolveRng(options.rng);
    const [height, width] = this.size;
    const [s = 0, u = 0, v = 0, w = 0] = uniformValues(rng, [4]);
    const image = this.#images[
      Math.max(
        0,
        this.#shares.findIndex((share) => s < share),
      )
    ] as Pixels;
    const [, rows, columns] = image.shape;
    const top = Math.floor(u * (rows - height + 1));
    const left = Math.floor(v * (columns - width + 1));
    const patch = this.#domain.enter(cutPixels(image, top, left, height, width), rng);
    const { data, shape } = turnPixels(patch, Math.floor(w * (height === width ? 8 : 4)));
    return { y: tensor(data, { shape }) };
  }
}
