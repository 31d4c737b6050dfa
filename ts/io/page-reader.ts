import { ArgumentError, checkNumber, checkObject, shown } from "../runtime/index.js";
import { checkPath } from "./files.js";
import { ImageReader } from "./image-reader.js";
import { type Pixels, type ReadImageOptions, readPixels } from "./image.js";

/** A page of an image file, and how to read it. */
export interface PagePlace {
  readonly path: string;
  readonly page: number;
  /** Whether other pages of the file will be read too: its directories are then read once. */
  readonly stack: boolean;
  readonly options: ReadImageOptions;
}

/** What is read of a page. */
export interface PageValues extends Pixels {
  /** Whether the last channel is the opacity. */
  readonly alpha: boolean;
}

/**
 * Refuses what is no {@link PagePlace}; the options are those of `readPixels`, which looks at them.
 *
 * @throws ArgumentError `invalid_argument`.
 */
export function checkPlace(caller: string, place: PagePlace): void {
  checkObject(caller, "place", place);
  const { path, page, stack, options } = place;
  checkPath(caller, path);
  checkNumber(caller, "place.page", page, { integer: true, min: 0 });
  if (typeof stack !== "boolean")
    throw new ArgumentError(`${caller}: place.stack is ${shown(stack)}, expected true or false.`, "invalid_argument");
  checkObject(caller, "place.options", options);
}

/** Files of several pages whose structure is kept. */
const openFiles = 4;

/** Reads pages of image files. */
export class PageReader {
  readonly #readers = new Map<string, Promise<ImageReader>>();

  /** Reads one page; errors as those of `readPixels`. */
  async read(place: PagePlace): Promise<PageValues> {
    checkPlace("io.PageReader", place);
    const { path, page, stack, options } = place;
    const { data, shape, metadata } = stack ? await this.#ofStack(place) : await readPixels(path, { ...options, page });
    return { data, shape, alpha: metadata.alpha === true };
  }

  async #ofStack({ path, page, options }: PagePlace) {
    const key = `${JSON.stringify(options)} ${path}`;
    const reader = this.#readers.get(key) ?? ImageReader.open(path, options);
    this.#readers.delete(key);
    this.#readers.set(key, reader);
    // A reader of an array keeps its values.
    for (const oldest of this.#readers.keys()) {
      if (this.#readers.size <= openFiles) break;
      this.#readers.delete(oldest);
    }
    try {
      return await (await reader).read(page);
    } catch (error) {
      this.#readers.delete(key);
      throw error;
    }
  }
}
