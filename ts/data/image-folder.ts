import type { Pixels } from "../io/index.js";
import { tensor } from "../tensor/index.js";
import type { Dataset, Sample } from "./dataset.js";
import { FolderImages, type ImageFolderOptions, type LeftOut } from "./folder-images.js";

export type { ImageFolderOptions, LeftOut };

/**
 * The images of a folder as ground truth: samples `{ x: [C, H, W] }`, one for each page of a file, with values as
 * `readImage` gives them (integers in [0, 1]), kept in memory up to a limit.
 */
export class ImageFolder implements Dataset {
  readonly #images: FolderImages;

  private constructor(images: FolderImages) {
    this.#images = images;
  }

  /**
   * Opens a folder. A file that looks like an image or a measurement and cannot be read is left out with a warning.
   *
   * @throws ArgumentError `file_not_found` where the folder or one of `names` does not exist; `empty_data` where it
   * has no image; `node_only` in a browser; `unknown_option`, `invalid_argument`; FormatError where one of `names`
   * cannot be read.
   */
  static async open(options: ImageFolderOptions): Promise<ImageFolder> {
    return new ImageFolder(await FolderImages.open("ImageFolder", options));
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
   * One image.
   *
   * @throws ArgumentError `invalid_argument` where the index is out of range; FormatError `image_invalid` where the
   * file cannot be decoded; ShapeError `shape_mismatch` where the image is smaller than the crop.
   */
  async get(index: number): Promise<Sample> {
    const { data, shape } = await this.pixels(index);
    return { x: tensor(data, { shape }) };
  }

  /** The pixels of one image, without creating a tensor; errors as {@link get}. */
  async pixels(index: number): Promise<Pixels> {
    return await this.#images.pixels(index);
  }
}
