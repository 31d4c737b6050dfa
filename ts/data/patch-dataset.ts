import { indexValue, type RandomSource, resolveRng } from "../random/index.js";
import { ArgumentError, checkFlag, checkNumber, checkOptions, ShapeError, shown } from "../runtime/index.js";
import { noGrad, type Tensor, tidy } from "../tensor/index.js";
import { checkDataset } from "./check-dataset.js";
import { sourceOf } from "./check-sample.js";
import {
  type Dataset,
  type DatasetOf,
  type GetOptions,
  prefetchOf,
  type PrefetchOptions,
  type Sample,
  exampleOf,
} from "./dataset.js";

/** Options of {@link PatchDataset}. */
export interface PatchDatasetOptions<S extends Sample = Sample> {
  /** Samples with images `x` or `y` `[C, H, W]`, or both of the same size. */
  readonly dataset: DatasetOf<S>;
  /** Side of a square patch, or height and width. */
  readonly size: number | readonly [number, number];
  /** Patches per epoch. Default: one for each image. */
  readonly length?: number;
  /** Flips patches in both directions at random, and transposes them if they are square. Default: false. */
  readonly augment?: boolean;
  /**
   * Random stream of the positions, unless `get` is given one; a {@link DataLoader} passes its own. Default: a stream
   * of the whole library.
   */
  readonly rng?: RandomSource;
}

/**
 * Random patches of images: patch `i` is cut from image `i mod N` at a random position.
 *
 * Positions are drawn by `get`, so that every epoch has other patches. Of images without measurements a Trainer makes
 * each sample one fixed patch, measured once, unless it is told to `redraw`; for random patches of images that are
 * measured once, see {@link MeasuredDataset}.
 *
 * @throws ArgumentError `empty_data` where the dataset has no example; `unknown_option`, `invalid_argument`.
 */
export class PatchDataset<S extends Sample = Sample> implements Dataset {
  readonly length: number;
  readonly #dataset: Dataset;
  readonly #size: readonly [number, number];
  readonly #augment: boolean;
  readonly #rng: RandomSource | undefined;

  constructor(options: PatchDatasetOptions<S>) {
    checkOptions("PatchDataset", options, ["dataset", "size", "length", "augment", "rng"]);
    checkDataset("PatchDataset", options?.dataset);
    const size = options.size;
    this.#size = sizeOf("PatchDataset", size);
    if (options.dataset.length === 0) throw new ArgumentError("PatchDataset: the dataset is empty.", "empty_data");
    this.length = checkNumber("PatchDataset", "length", options.length ?? options.dataset.length, {
      positive: true,
      integer: true,
    });
    this.#dataset = options.dataset;
    this.#augment = checkFlag("PatchDataset", "augment", options.augment, false);
    this.#rng = options.rng;
  }

  /** Where the image of a patch comes from. */
  source(index: number): string | undefined {
    return sourceOf(this.#dataset, index % this.#dataset.length);
  }

  /** Begins to read what a patch needs; gives what ends that. */
  prefetch(index: number, options: PrefetchOptions = {}): (() => void) | undefined {
    return prefetchOf(this.#dataset, index % this.#dataset.length, options);
  }

  /**
   * One patch.
   *
   * @throws ShapeError `shape_mismatch` where an image is smaller than the patch, or x and y have different sizes;
   * ArgumentError `missing_argument` where a sample has neither.
   */
  async get(index: number, options: GetOptions = {}): Promise<S> {
    checkNumber("PatchDataset", "index", index, { integer: true, min: 0 });
    const rng = resolveRng(options.rng, this.#rng);
    const sample: Sample = await exampleOf("PatchDataset", this.#dataset, index % this.#dataset.length, options);
    const images = [sample.x, sample.y].filter((value) => value !== undefined);
    const [height, width] = this.#size;
    const [rows, columns] = this.#spatialSize(images);
    const top = indexValue(rng, rows - height + 1);
    const left = indexValue(rng, columns - width + 1);
    // The bits of one draw select the flips and the transpose.
    const symmetry = this.#augment ? indexValue(rng, height === width ? 8 : 4) : 0;
    const cut = (image: Tensor): Tensor => {
      const leading = image.shape.length - 2;
      const begin = [...new Array<number>(leading).fill(0), top, left];
      const end = [...image.shape.slice(0, leading), top + height, left + width];
      // A copy, because a view of the patch would keep the memory of the image alive.
      const patch = noGrad(() => tidy(() => mirror(image.slice(begin, end), symmetry).clone()));
      image.dispose();
      return patch;
    };
    const result: Sample = {};
    if (sample.x) result.x = cut(sample.x);
    if (sample.y) result.y = cut(sample.y);
    if (sample.params) result.params = sample.params;
    return result as S;
  }

  #spatialSize(images: readonly Tensor[]): [number, number] {
    const sizes = images.map((image) => image.shape.slice(-2) as [number, number]);
    const [first, second] = sizes;
    if (!first) {
      throw new ArgumentError("PatchDataset: a sample of the dataset has neither x nor y.", "missing_argument");
    }
    if (second && (first[0] !== second[0] || first[1] !== second[1])) {
      throw new ShapeError(
        `PatchDataset: x is ${first.join("x")} and y is ${second.join("x")}, expected the same size.`,
        "shape_mismatch",
      );
    }
    const [height, width] = this.#size;
    if (first[0] < height || first[1] < width) {
      throw new ShapeError(
        `PatchDataset: image is ${first.join("x")}, expected at least the size of the patch, ${height}x${width}.`,
        "shape_mismatch",
      );
    }
    return first;
  }
}

/**
 * Height and width of a patch.
 *
 * @throws ArgumentError `invalid_argument` where they are no whole numbers above 0.
 */
export function sizeOf(caller: string, size: unknown): readonly [number, number] {
  const sides: unknown = typeof size === "number" ? [size, size] : size;
  if (!Array.isArray(sides) || sides.length !== 2)
    throw new ArgumentError(`${caller}: size is ${shown(size)}, expected one number or two.`, "invalid_argument");
  for (const side of sides) checkNumber(caller, "size", side, { positive: true, integer: true });
  return [...(sides as [number, number])];
}

/** A symmetry of the square, numbered by three bits: flip left-right, flip up-down, transpose. */
export function mirror(patch: Tensor, symmetry: number): Tensor {
  const rank = patch.shape.length;
  const dims = [...(symmetry & 1 ? [rank - 1] : []), ...(symmetry & 2 ? [rank - 2] : [])];
  const flipped = dims.length > 0 ? patch.flip(dims) : patch;
  return symmetry & 4 ? flipped.transpose(rank - 2, rank - 1) : flipped;
}
