import { tensor } from "../tensor/index.js";
import type { MeasurementSample } from "./dataset.js";
import { FolderDataset } from "./folder-dataset.js";
import { FolderImages, type ImageFolderOptions } from "./folder-images.js";

/** The images of a folder as measurements: samples `{ y: [C, H, W] }` without ground truth, else an `ImageFolder`. */
export class MeasurementFolder extends FolderDataset {
  /**
   * Opens a folder. A file that looks like an image or a measurement and cannot be read is left out with a warning.
   *
   * @throws as `ImageFolder.open`.
   */
  static async open(options: ImageFolderOptions): Promise<MeasurementFolder> {
    return new MeasurementFolder(await FolderImages.open("MeasurementFolder", options));
  }

  /** One measurement; errors as those of `ImageFolder.get`. */
  override async get(index: number): Promise<MeasurementSample> {
    const { data, shape } = await this.pixels(index);
    return { y: tensor(data, { shape }) };
  }
}
