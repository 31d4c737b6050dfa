import { tensor } from "../tensor/index.js";
import type { Sample } from "./dataset.js";
import { FolderDataset } from "./folder-dataset.js";
import { FolderImages, type ImageFolderOptions, type LeftOut } from "./folder-images.js";

export type { ImageFolderOptions, LeftOut };

/**
 * The images of a folder as ground truth: samples `{ x: [C, H, W] }`, one for each page of a file, with values as
 * `readImage` gives them (integers in [0, 1]), kept in memory up to a limit.
 */
export class ImageFolder extends FolderDataset {
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

  /**
   * One image.
   *
   * @throws ArgumentError `invalid_argument` where the index is out of range; FormatError `image_invalid` where the
   * file cannot be decoded; ShapeError `shape_mismatch` where the image is smaller than the crop.
   */
  override async get(index: number): Promise<Sample> {
    const { data, shape } = await this.pixels(index);
    return { x: tensor(data, { shape }) };
  }
}
