import {
  type AwaitedPage,
  countPages,
  fileError,
  type PagePlace,
  PageReader,
  type Pixels,
  readAhead,
  type ReadImageOptions,
} from "../io/index.js";
import {
  ArgumentError,
  checkNumber,
  checkOptions,
  checkWord,
  currentPlatform,
  type FolderEntry,
  FormatError,
  ShapeError,
} from "../runtime/index.js";
import { cutPixels } from "./crop.js";

/** Options of `ImageFolder.open` and `MeasurementFolder.open`. */
export interface ImageFolderOptions {
  /** The folder. Its images are sorted by name; folders inside it are ignored. */
  readonly path: string;
  /**
   * `"grey"` gives one channel, `"rgb"` three, `"auto"` those of each file, without its opacity, which is no measured
   * value. Default: `"auto"`.
   */
  readonly channels?: ReadImageOptions["channels"];
  /** `"type"`: integers divided by the largest value of their type; `"none"`: as stored. Default: `"type"`. */
  readonly scale?: ReadImageOptions["scale"];
  /** Side, or height and width, of a crop from the centre of each image. Default: the whole image. */
  readonly size?: number | readonly [number, number];
  /** File names to take, with or without extension. Default: all. */
  readonly names?: readonly string[];
  /** Limit on the pixels of an image. Default: 400,000,000. */
  readonly maxPixels?: number;
  /**
   * Bytes of decoded images that are kept; those used least recently are decoded again. Default: 1 GiB.
   */
  readonly cacheBytes?: number;
}

/** A file of a folder that is not used, and why. */
export interface LeftOut {
  readonly path: string;
  readonly reason: string;
}

const keys = ["path", "channels", "scale", "size", "names", "maxPixels", "cacheBytes"];

/** Endings of files that a person would expect to be taken. */
const dataEnding = new RegExp(
  `\\.(?:${[
    "png|jpe?g|webp|tiff?|gif|avif|bmp|svg|heic|jp2|npy|npz",
    "nii|nii\\.gz|fits?|dcm|h5|hdf5|mat|czi|nd2|lif|dng|nef|arw",
  ].join("|")})$`,
  "i",
);

/** The images of a folder, decoded when they are asked for and kept up to a limit. */
export class FolderImages {
  /** The paths of the image files, in order. */
  readonly files: readonly string[];
  /** The file and page of each image. */
  readonly images: readonly { readonly path: string; readonly page: number }[];
  /** The files that are not used, and why; a text beside the images too. */
  readonly leftOut: readonly LeftOut[];
  readonly #caller: string;
  readonly #options: ImageFolderOptions;
  readonly #reader = new PageReader();
  /** Those that are read before they are asked for. */
  readonly #ahead = new Map<number, Ahead>();
  /** Least recently used first. */
  readonly #cache = new Map<number, Pixels>();
  #cachedBytes = 0;

  private constructor(caller: string, options: ImageFolderOptions, found: Found) {
    this.#caller = caller;
    this.#options = options;
    this.files = found.pages.map(({ path }) => path);
    this.images = found.pages.flatMap(({ path, count }) =>
      Array.from({ length: count }, (_, page) => ({ path, page })),
    );
    this.leftOut = found.leftOut;
  }

  /**
   * Opens a folder. A file that looks like an image or a measurement and cannot be read is left out with a warning.
   *
   * @throws ArgumentError `file_not_found` where the folder or one of `names` does not exist; `empty_data` where it
   * has no image; `node_only` in a browser; `unknown_option`, `invalid_argument`; FormatError where one of `names`
   * cannot be read.
   */
  static async open(caller: string, options: ImageFolderOptions): Promise<FolderImages> {
    checkOptions(caller, options, keys);
    if (typeof options?.path !== "string")
      throw new ArgumentError(`${caller}: path is missing; it is the folder of the images.`, "missing_argument");
    if (options.names !== undefined && !Array.isArray(options.names))
      throw new ArgumentError(`${caller}: names is no list, expected names of files.`, "invalid_argument");
    for (const side of [options.size ?? []].flat()) {
      checkNumber(caller, "size", side, { positive: true, integer: true });
    }
    checkNumber(caller, "cacheBytes", options.cacheBytes ?? 0, { min: 0 });
    checkNumber(caller, "maxPixels", options.maxPixels ?? 1, { positive: true });
    checkWord(caller, "channels", options.channels ?? "auto", ["auto", "grey", "rgb"]);
    checkWord(caller, "scale", options.scale ?? "type", ["type", "none"]);
    const found = await find(caller, options);
    warn(caller, options.path, found.leftOut);
    return new FolderImages(caller, options, found);
  }

  /** Decodes one image, or takes it from those that are kept. */
  async pixels(index: number): Promise<Pixels> {
    const place = this.images[index];
    if (place === undefined) {
      const { length } = this.images;
      throw new ArgumentError(`${this.#caller}: index is ${index}, expected 0 to ${length - 1}.`, "invalid_argument");
    }
    const kept = this.#cache.get(index);
    if (kept) {
      this.#cache.delete(index);
      this.#cache.set(index, kept);
      return kept;
    }
    const ahead = this.#ahead.get(index);
    if (ahead) return await (ahead.pixels ??= this.#decode(index, ahead.page));
    return await this.#decode(index);
  }

  /**
   * Begins to read an image that will be asked for, in another thread; gives what ends that. Errors are met by
   * {@link pixels}.
   *
   * @param workers number of threads; see `readAhead` of `io`.
   */
  prefetch(index: number, workers?: number): (() => void) | undefined {
    if (this.images[index] === undefined || this.#cache.has(index)) return undefined;
    const ahead = this.#ahead.get(index) ?? { page: readAhead(this.#placeOf(index), workers), users: 0 };
    this.#ahead.set(index, ahead);
    ahead.users += 1;
    return () => {
      ahead.users -= 1;
      if (ahead.users > 0) return;
      this.#ahead.delete(index);
      ahead.page.release();
    };
  }

  #placeOf(index: number): PagePlace {
    const { channels = "auto", scale = "type", maxPixels } = this.#options;
    const options = { channels, scale, ...(maxPixels === undefined ? {} : { maxPixels }) };
    const { path, page } = this.images[index] as { path: string; page: number };
    return { path, page, stack: this.images.length > this.files.length, options };
  }

  async #decode(index: number, ahead?: AwaitedPage): Promise<Pixels> {
    const { channels = "auto", size } = this.#options;
    const place = this.#placeOf(index);
    const image = (await ahead?.take()) ?? (await this.#reader.read(place));
    const [count, height, width] = image.shape;
    const isLeft = channels === "auto" && image.alpha && count > 1;
    const colours: Pixels = isLeft
      ? { data: image.data.slice(0, (count - 1) * height * width), shape: [count - 1, height, width] }
      : { data: image.data, shape: image.shape };
    const pixels = centreCrop(colours, size, place.path);
    this.#keep(index, pixels);
    return pixels;
  }

  #keep(index: number, pixels: Pixels): void {
    const limit = this.#options.cacheBytes ?? 2 ** 30;
    // Another call may have decoded the same image meanwhile.
    if (pixels.data.byteLength > limit || this.#cache.has(index)) return;
    this.#cache.set(index, pixels);
    this.#cachedBytes += pixels.data.byteLength;
    for (const [oldest, { data }] of this.#cache) {
      if (this.#cachedBytes <= limit) break;
      this.#cache.delete(oldest);
      this.#cachedBytes -= data.byteLength;
    }
  }
}

/** An image that is read ahead. */
interface Ahead {
  readonly page: AwaitedPage;
  /** Its values, once they were asked for. */
  pixels?: Promise<Pixels>;
  /** Those who will ask for it. */
  users: number;
}

interface Found {
  readonly pages: readonly { readonly path: string; readonly count: number }[];
  readonly leftOut: readonly LeftOut[];
}

async function find(caller: string, { path, names, maxPixels }: ImageFolderOptions): Promise<Found> {
  let entries = await list(path);
  const isNamed = (file: string, name: string): boolean =>
    file === name || file.replace(/\.[^.]*$/, "") === name || file.replace(/\.ome\.[^.]*$/, "") === name;
  for (const name of names ?? []) {
    if (!entries.some((file) => isNamed(file.name, name)))
      throw new ArgumentError(`${caller}: ${path} has no image named ${name}.`, "file_not_found");
  }
  if (names) entries = entries.filter((file) => names.some((name) => isNamed(file.name, name)));
  const pages: { path: string; count: number }[] = [];
  const leftOut: LeftOut[] = [];
  for (const entry of entries) {
    try {
      const count = await countPages(entry.path, maxPixels === undefined ? {} : { maxPixels });
      pages.push({ path: entry.path, count });
    } catch (error) {
      const isFolder = error instanceof ArgumentError && /this is a folder/.test(error.message);
      if (isFolder && !/\.zarr$/i.test(entry.name)) continue;
      // A file that was asked for by its name may not be missing in silence.
      if (names && !isFolder) throw error;
      if (!(error instanceof FormatError) && !(error instanceof ArgumentError)) throw error;
      const reason = isFolder
        ? "a Zarr array; read it with io.readArray."
        : error.message.replace(`${entry.path}: `, "");
      leftOut.push({ path: entry.path, reason });
    }
  }
  if (pages.length === 0) {
    const [first] = leftOut.filter(isData);
    throw new ArgumentError(
      `${caller}: ${path} has no image, expected TIFF, PNG, JPEG, WebP, AVIF or GIF files` +
        `${first ? `; ${first.path}: ${first.reason}` : "."}`,
      "empty_data",
    );
  }
  return { pages, leftOut };
}

/** The files of a folder, sorted by name; hidden ones are no images. */
async function list(folder: string): Promise<FolderEntry[]> {
  const platform = await currentPlatform();
  try {
    const entries = await platform.listFolder(folder);
    return entries
      .filter(({ name }) => !name.startsWith("."))
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  } catch (error) {
    if ((error as { code?: string } | null)?.code !== "ENOTDIR") throw fileError(folder, error);
    throw new ArgumentError(`${folder}: this is a file, expected a folder of images.`, "file_unreadable", {
      cause: error,
    });
  }
}

/** Whether a file that was left out looks like data: its ending says so, or its content. */
function isData({ path, reason }: LeftOut): boolean {
  return dataEnding.test(path) || !reason.startsWith("not an image");
}

function warn(caller: string, folder: string, leftOut: readonly LeftOut[]): void {
  const data = leftOut.filter(isData);
  const [first] = data;
  if (!first) return;
  const others = data.length > 1 ? ` ${data.length - 1} more are in its property leftOut.` : "";
  console.warn(
    `${caller}: ${folder}: ${data.length} of the files are left out. ${first.path}: ${first.reason}${others}`,
  );
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
