import { type RandomSource, resolveRng } from "../random/index.js";
import { ArgumentError, checkNumber, checkOptions, ShapeError } from "../runtime/index.js";
import { noGrad, type Tensor, tidy } from "../tensor/index.js";
import type { Dataset, GetOptions, Sample } from "./dataset.js";

/** Options of {@link PatchDataset}. */
export interface PatchDatasetOptions {
  /** Where the images come from: samples with `x` or `y` (or both, of one size) [C, H, W]. */
  dataset: Dataset;
  /** Side of a patch, or its height and width. */
  size: number | readonly [number, number];
  /** How many patches make an epoch. Default: one for each image. */
  length?: number;
  /** Mirror patches left-right and up-down at random, and exchange their axes where they are square. Default: false. */
  augment?: boolean;
  /** Where the positions come from, unless the call gives another; a {@link DataLoader} passes its own. */
  rng?: RandomSource;
}

/**
 * Random patches of images: patch `i` is cut from image `i mod N` at a random place.
 *
 * The positions are drawn when a patch is asked for, so the patches of an epoch differ from those of the one before.
 */
export class PatchDataset implements Dataset {
  readonly length: number;
  readonly #dataset: Dataset;
  readonly #size: readonly [number, number];
  readonly #augment: boolean;
  readonly #rng: RandomSource | undefined;

  constructor(options: PatchDatasetOptions) {
    checkOptions("PatchDataset", options, ["dataset", "size", "length", "augment", "rng"]);
    const size = options.size;
    this.#size = typeof size === "number" ? [size, size] : size;
    for (const side of this.#size) checkNumber("PatchDataset", "size", side, { positive: true, integer: true });
    if (options.dataset.length === 0) throw new ArgumentError("PatchDataset: the dataset is empty", "empty_data");
    this.length = checkNumber("PatchDataset", "length", options.length ?? options.dataset.length, {
      positive: true,
      integer: true,
    });
    this.#dataset = options.dataset;
    this.#augment = options.augment ?? false;
    this.#rng = options.rng;
  }

  /** @throws ShapeError `shape_mismatch` where an image is smaller than the patch, or x and y have different sizes. */
  async get(index: number, options: GetOptions = {}): Promise<Sample> {
    const rng = resolveRng(options.rng, this.#rng);
    const sample = await this.#dataset.get(index % this.#dataset.length, options);
    const images = [sample.x, sample.y].filter((value) => value !== undefined);
    const [height, width] = this.#size;
    const [rows, columns] = this.#spatialSize(images);
    const top = await drawIndex(rng, rows - height + 1);
    const left = await drawIndex(rng, columns - width + 1);
    // One draw of eight decides all three mirrors.
    const symmetry = this.#augment ? await drawIndex(rng, height === width ? 8 : 4) : 0;
    const cut = (image: Tensor): Tensor => {
      const leading = image.shape.length - 2;
      const zeros = Array.from({ length: leading }, () => 0);
      const [begin, end] = [
        [...zeros, top, left],
        [...image.shape.slice(0, leading), top + height, left + width],
      ];
      // A copy: a view of the patch would keep the whole image alive.
      const patch = noGrad(() => tidy(() => mirror(image.slice(begin, end), symmetry).clone()));
      image.dispose();
      return patch;
    };
    const result: Sample = {};
    if (sample.x) result.x = cut(sample.x);
    if (sample.y) result.y = cut(sample.y);
    if (sample.params) result.params = sample.params;
    return result;
  }

  #spatialSize(images: readonly Tensor[]): [number, number] {
    const sizes = images.map((image) => image.shape.slice(-2) as [number, number]);
    const [first, second] = sizes;
    if (!first) throw new ArgumentError("PatchDataset: the dataset's samples have neither x nor y", "missing_argument");
    if (second && (first[0] !== second[0] || first[1] !== second[1])) {
      throw new ShapeError(
        `PatchDataset: x is ${first.join("x")} and y is ${second.join("x")}, expected one size`,
        "shape_mismatch",
      );
    }
    const [height, width] = this.#size;
    if (first[0] < height || first[1] < width) {
      throw new ShapeError(
        `PatchDataset: image is ${first.join("x")}, smaller than the patch ${height}x${width}`,
        "shape_mismatch",
      );
    }
    return first;
  }
}

/** The symmetries of the square, numbered by three bits: left-right, up-down, transposed. */
export function mirror(patch: Tensor, symmetry: number): Tensor {
  const rank = patch.shape.length;
  const dims = [...(symmetry & 1 ? [rank - 1] : []), ...(symmetry & 2 ? [rank - 2] : [])];
  const flipped = dims.length > 0 ? patch.flip(dims) : patch;
  return symmetry & 4 ? flipped.transpose(rank - 2, rank - 1) : flipped;
}

/** A whole number in [0, end), drawn on the CPU whatever the default device is: positions are needed at once. */
async function drawIndex(rng: RandomSource, end: number): Promise<number> {
  const drawn = rng.randint(0, end, [1], { device: "cpu" });
  const [value] = await drawn.data();
  drawn.dispose();
  return value as number;
}
