import { fileError, type Pixels, readPixels, type ReadImageOptions } from "../io/index.js";
import {
  ArgumentError,
  checkNumber,
  checkOptions,
  currentPlatform,
  type FolderEntry,
  ShapeError,
} from "../runtime/index.js";
import { tensor } from "../tensor/index.js";
import { cutPixels } from "./crop.js";
import type { Dataset, Sample } from "./dataset.js";

/** Options of {@link ImageFolder.open}. */
export interface ImageFolderOptions {
  /** The folder. Its images are sorted by name; folders inside it are ignored. */
  readonly path: string;
  /** `"grey"` gives one channel, `"rgb"` three, `"auto"` those of each file. Default: `"auto"`. */
  readonly channels?: ReadImageOptions["channels"];
  /** Side, or height and width, of a crop from the centre of each image. Default: the whole image. */
  readonly size?: number | readonly [number, number];
  /** File names to take, with or without extension. Default: all. */
  readonly names?: readonly string[];
}

const imageExtension = /\.(png|jpe?g|webp|tiff?|gif|avif)$/i;
const keys = ["path", "channels", "size", "names"];

/** The images of a folder as ground truth: samples `{ x: [C, H, W] }` with values in [0, 1], cached in memory. */
export class ImageFolder implements Dataset {
  /** The paths of the images, in order. */
  readonly files: readonly string[];
  readonly #options: ImageFolderOptions;
  readonly #cache = new Map<number, Pixels>();

  private constructor(files: readonly string[], options: ImageFolderOptions) {
    this.files = files;
    this.#options = options;
  }

  /**
   * Opens a folder.
   *
   * @throws ArgumentError `file_not_found` where the folder or one of `names` does not exist; `empty_data` where it
   * has no image; `node_only` in a browser; `unknown_option`, `invalid_argument`.
   */
  static async open(options: ImageFolderOptions): Promise<ImageFolder> {
    checkOptions("ImageFolder", options, keys);
    for (const side of [options.size ?? []].flat()) {
      checkNumber("ImageFolder", "size", side, { positive: true, integer: true });
    }
    let images = await listImages(options.path);
    const { names } = options;
    const isNamed = (file: string, name: string): boolean => file === name || file.replace(imageExtension, "") === name;
    for (const name of names ?? []) {
      if (!images.some((file) => isNamed(file.name, name))) {
        throw new ArgumentError(`ImageFolder: ${options.path} has no image named ${name}.`, "file_not_found");
      }
    }
    if (names) images = images.filter((file) => names.some((name) => isNamed(file.name, name)));
    if (images.length === 0) {
      throw new ArgumentError(
        `ImageFolder: ${options.path} has no image, expected png, jpg, webp, tiff, gif or avif files.`,
        "empty_data",
      );
    }
    const paths = images.map(({ path }) => path);
    return new ImageFolder(paths, options);
  }

  get length(): number {
    return this.files.length;
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
    const path = this.files[index];
    if (path === undefined) {
      throw new ArgumentError(`ImageFolder: index is ${index}, expected 0 to ${this.length - 1}.`, "invalid_argument");
    }
    let pixels = this.#cache.get(index);
    if (!pixels) {
      const { channels = "auto", size } = this.#options;
      pixels = centreCrop(await readPixels(path, { channels }), size, path);
      this.#cache.set(index, pixels);
    }
    return pixels;
  }
}

/** The image files of a folder, sorted by name. */
async function listImages(folder: string): Promise<FolderEntry[]> {
  const platform = await currentPlatform();
  try {
    const entries = await platform.listFolder(folder);
    return entries
      .filter(({ name }) => imageExtension.test(name))
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  } catch (error) {
    throw fileError(folder, error);
  }
}

function centreCrop(image: Pixels, size: ImageFolderOptions["size"], path: string): Pixels {
  if (size === undefined) return image;
  const [height, width] = typeof size === "number" ? [size, size] : size;
  const [, rows, columns] = image.shape;
  if (height > rows || width > columns) {
    throw new ShapeError(
      `${path}: image is ${rows}x${columns}, expected at least the size of the crop, ${height}x${width}.`,
      "shape_mismatch",
    );
  }
  return cutPixels(image, Math.floor((rows - height) / 2), Math.floor((columns - width) / 2), height, width);
}
