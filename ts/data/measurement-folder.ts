import type { Pixels } from "../io/index.js";
import { tensor } from "../tensor/index.js";
import type { Dataset, Sample } from "./dataset.js";
import { FolderImages, type ImageFolderOptions, type LeftOut } from "./folder-images.js";

/** The images of a folder as measurements: samples `{ y: [C, H, W] }` without ground truth, else an `ImageFolder`. */
export class MeasurementFolder implements Dataset {
  readonly #images: FolderImages;

  private constructor(images: FolderImages) {
    this.#images = images;
  }

  /**
   * Opens a folder. A file that looks like an image or a measurement and cannot be read is left out with a warning.
   *
   * @throws as `ImageFolder.open`.
   */
  static async open(options: ImageFolderOptions): Promise<MeasurementFolder> {
    return new MeasurementFolder(await FolderImages.open("MeasurementFolder", options));
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

  /** One measurement; errors as those of `ImageFolder.get`. */
  async get(index: number): Promise<Sample> {
    const { data, shape } = await this.pixels(index);
    return { y: tensor(data, { shape }) };
  }

  /** The pixels of one measurement, without creating a tensor. */
  async pixels(index: number): Promise<Pixels> {
    return await this.#images.pixels(index);
  }
}
