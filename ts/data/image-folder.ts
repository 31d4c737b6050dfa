import { fileError, type Pixels, readPixels } from "../io/index.js";
import {
  ArgumentError,
  checkNumber,
  checkOptions,
  currentPlatform,
  type FolderEntry,
  ShapeError,
} from "../runtime/index.js";
import { tensor } from "../tensor/index.js";
import type { Dataset, Sample } from "./dataset.js";

/** Options of {@link ImageFolder.open}. */
export interface ImageFolderOptions {
  /** The folder; its images are taken in the order of their names, folders inside it are not entered. */
  path: string;
  /** `"grey"`: one channel; `"rgb"`: three; `"auto"` (default): what each file has. */
  channels?: "grey" | "rgb" | "auto";
  /** Side, or height and width, of a crop from the centre of each image. Default: no crop. */
  size?: number | readonly [number, number];
  /** Only these file names, with or without their extension. Default: all. */
  names?: readonly string[];
}

const imageFile = /\.(png|jpe?g|webp|tiff?|gif|avif)$/i;
const keys = ["path", "channels", "size", "names"];

/**
 * The images of a folder as ground truth: samples `{ x: [C, H, W] }` with values in [0, 1]. Decoded images stay in
 * memory.
 */
export class ImageFolder implements Dataset {
  /** The files, in order. */
  readonly files: readonly string[];
  readonly #options: ImageFolderOptions;
  readonly #cache = new Map<number, Pixels>();

  private constructor(files: readonly string[], options: ImageFolderOptions) {
    this.files = files;
    this.#options = options;
  }

  /**
   * Lists a folder's images.
   *
   * @throws ArgumentError `file_not_found` where there is no such folder or a name of `names` is missing, `empty_data`
   * where it holds no image, `node_only` in a browser.
   */
  static async open(options: ImageFolderOptions): Promise<ImageFolder> {
    checkOptions("ImageFolder", options, keys);
    for (const side of [options.size ?? []].flat())
      checkNumber("ImageFolder", "size", side, { positive: true, integer: true });
    let found: FolderEntry[];
    try {
      found = (await (await currentPlatform()).listFolder(options.path))
        .filter(({ name }) => imageFile.test(name))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      throw fileError(options.path, error);
    }
    const { names } = options;
    const isNamed = (file: string, name: string): boolean => file === name || file.replace(imageFile, "") === name;
    for (const name of names ?? []) {
      if (!found.some((file) => isNamed(file.name, name))) {
        throw new ArgumentError(`ImageFolder: ${options.path} has no image called ${name}`, "file_not_found");
      }
    }
    if (names) found = found.filter((file) => names.some((name) => isNamed(file.name, name)));
    if (found.length === 0)
      throw new ArgumentError(
        `ImageFolder: ${options.path} holds no image (png, jpg, webp, tiff, gif, avif)`,
        "empty_data",
      );
    return new ImageFolder(
      found.map(({ path }) => path),
      options,
    );
  }

  get length(): number {
    return this.files.length;
  }

  /** @throws FormatError `image_invalid`; ShapeError `shape_mismatch` where an image is smaller than the crop. */
  async get(index: number): Promise<Sample> {
    const { data, shape } = await this.pixels(index);
    return { x: tensor(data, { shape }) };
  }

  /** The pixels of one image, without making a tensor. */
  async pixels(index: number): Promise<Pixels> {
    const path = this.files[index];
    if (path === undefined)
      throw new ArgumentError(`ImageFolder: index is ${index}, expected 0 to ${this.length - 1}`, "invalid_argument");
    let pixels = this.#cache.get(index);
    if (!pixels) {
      pixels = centreCrop(
        await readPixels(path, { channels: this.#options.channels ?? "auto" }),
        this.#options.size,
        path,
      );
      this.#cache.set(index, pixels);
    }
    return pixels;
  }
}

function centreCrop(image: Pixels, size: ImageFolderOptions["size"], path: string): Pixels {
  if (size === undefined) return image;
  const [height, width] = typeof size === "number" ? [size, size] : size;
  const [channels, rows, columns] = image.shape;
  if (height > rows || width > columns) {
    throw new ShapeError(
      `${path}: image is ${rows}x${columns}, smaller than the crop ${height}x${width}`,
      "shape_mismatch",
    );
  }
  const top = Math.floor((rows - height) / 2);
  const left = Math.floor((columns - width) / 2);
  const data = new Float32Array(channels * height * width);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < height; i++) {
      const start = (c * rows + top + i) * columns + left;
      data.set(image.data.subarray(start, start + width), (c * height + i) * width);
    }
  }
  return { data, shape: [channels, height, width] };
}
