import type { Pixels } from "../io/index.js";
import { resolveRng, uniformValues } from "../random/index.js";
import { checkFlag, checkNumber, ShapeError } from "../runtime/index.js";
import { noGrad, tensor, tidy } from "../tensor/index.js";
import { checkPixels } from "./check-pixels.js";
import { cutPixels } from "./crop.js";
import type { Dataset, GetOptions, Sample } from "./dataset.js";
import { mirror, sizeOf } from "./patch-dataset.js";

/**
 * Random patches of one noisy image as samples `{ y }`, flipped and rotated at random. They are cut on the CPU, so that
 * the image is never copied to a device as a whole.
 *
 * A network that sees one noisy image repeatedly overfits its noise, and SURE then decreases without bound; the eight
 * symmetries of each patch delay that considerably. They assume that noise and operator have no preferred direction:
 * set `augment` to false for correlated noise or an anisotropic blur.
 */
export class NoisyPatches implements Dataset {
  readonly length: number;
  readonly #image: Pixels;
  readonly #size: readonly [number, number];
  readonly #augment: boolean;

  /** @throws ArgumentError `invalid_argument`; ShapeError `shape_mismatch` where a patch is larger than the image. */
  constructor(image: Pixels, size: readonly [number, number], length: number, augment = true) {
    const name = "NoisyPatches";
    checkPixels(name, image);
    this.#image = image;
    this.#size = sizeOf(name, size);
    this.#augment = checkFlag(name, "augment", augment, true);
    this.length = checkNumber(name, "length", length, { integer: true, min: 0 });
    const [, rows, columns] = image.shape;
    if (this.#size[0] <= rows && this.#size[1] <= columns) return;
    throw new ShapeError(
      `${name}: the image is ${rows}x${columns}, expected at least the size of a patch, ${this.#size.join("x")}.`,
      "shape_mismatch",
    );
  }

  async get(_index: number, options: GetOptions = {}): Promise<Sample> {
    const [, rows, columns] = this.#image.shape;
    const [height, width] = this.#size;
    const [u = 0, v = 0, w = 0] = uniformValues(resolveRng(options.rng), [3]);
    const top = Math.floor(u * (rows - height + 1));
    const left = Math.floor(v * (columns - width + 1));
    const patch = cutPixels(this.#image, top, left, height, width);
    const symmetry = this.#augment ? Math.floor(w * (height === width ? 8 : 4)) : 0;
    return { y: noGrad(() => tidy(() => mirror(tensor(patch.data, { shape: patch.shape }), symmetry).clone())) };
  }
}
