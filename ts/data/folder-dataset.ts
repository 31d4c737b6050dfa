import type { Pixels } from "../io/index.js";
import type { Dataset, PrefetchOptions, Sample } from "./dataset.js";
import type { FolderImages, LeftOut } from "./folder-images.js";

/** What `ImageFolder` and `MeasurementFolder` have in common: the images of a folder, one sample for each page. */
export abstract class FolderDataset implements Dataset {
  readonly #images: FolderImages;

  protected constructor(images: FolderImages) {
    this.#images = images;
  }

  /** The paths of the image files, in order. */
  get files(): readonly string[] {
    return this.#images.files;
  }

  /** The file and page of each sample. */
  get images(): readonly { readonly path: string; readonly page: number }[] {
    return this.#images.images;
  }

  /** The files of the folder that are not used, and why. */
  get leftOut(): readonly LeftOut[] {
    return this.#images.leftOut;
  }

  get length(): number {
    return this.images.length;
  }

  /**
   * One sample.
   *
   * @throws ArgumentError `invalid_argument` where the index is out of range; FormatError `image_invalid` where the
   * file cannot be decoded; ShapeError `shape_mismatch` where the image is smaller than the crop.
   */
  abstract get(index: number): Promise<Sample>;

  /** Begins to read the file of a sample; gives what ends that. */
  prefetch(index: number, { workers }: PrefetchOptions = {}): (() => void) | undefined {
    return this.#images.prefetch(index, workers);
  }

  /** The pixels of one sample, without creating a tensor; errors as {@link get}. */
  async pixels(index: number): Promise<Pixels> {
    return await this.#images.pixels(index);
  }
}
